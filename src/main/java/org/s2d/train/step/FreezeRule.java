package org.s2d.train.step;

import java.util.List;
import org.s2d.model.Classifier;
import org.s2d.nn.Parameter;

/** Which parameters train. */
public enum FreezeRule {
    /** The authors' fine-tuning: adapters, prompters, temporal embedding, last norm and head train. */
    S2D {
        @Override
        boolean trains(String name) {
            return TRAINED.stream().anyMatch(name::contains);
        }
    },
    /** As {@link #S2D}, but prompters are frozen too; their adapters train. */
    S2D_FREEZE_PROMPTERS {
        @Override
        boolean trains(String name) {
            boolean prompter = name.contains("prompt") && !name.contains("Adapter");
            return S2D.trains(name) && !prompter;
        }
    },
    /** Everything trains but the position embedding: image models from scratch. */
    NONE {
        @Override
        boolean trains(String name) {
            return true;
        }
    };

    private static final List<String> TRAINED = List.of("temporal_embedding", "ln_post", "Adapter", "head", "prompt");

    abstract boolean trains(String name);

    /** Whether a parameter of this name trains; the position embedding never does. */
    public boolean lets(String name) {
        return !name.equals("pos_embed") && trains(name);
    }

    /** Freezes and unfreezes the parameters of a model; returns how many numbers train. */
    public long apply(Classifier model) {
        long trained = 0;
        for (Parameter parameter : model.parameters().values()) {
            parameter.setRequiresGrad(lets(parameter.name()));
            trained += parameter.requiresGrad() ? parameter.value().numel() : 0;
        }
        return trained;
    }
}
