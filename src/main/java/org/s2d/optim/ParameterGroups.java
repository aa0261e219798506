package org.s2d.optim;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.s2d.nn.Parameter;

/**
 * Trainable parameters in groups that share weight decay and learning-rate scale, in the order in which a group's first
 * parameter appears: the order of the groups, and of the parameters in them, that PyTorch's optimiser state has.
 */
public final class ParameterGroups {
    private static final Set<String> TOKENS = Set.of("pos_embed", "temporal_embedding", "cls_token");

    /**
     * One group.
     *
     * @param decay whether weight decay applies
     * @param lrScale factor on the learning rate
     */
    public record Group(List<Parameter> parameters, boolean decay, double lrScale) {
        public Group {
            parameters = List.copyOf(parameters);
        }
    }

    private record Key(boolean decay, double lrScale) {}

    private ParameterGroups() {}

    /** Whether weight decay applies: not to 1-d tensors, biases, position and time embeddings and the class token. */
    public static boolean decays(Parameter parameter) {
        String name = parameter.name();
        return parameter.shape().rank() != 1 && !name.endsWith(".bias") && !TOKENS.contains(name);
    }

    /** Groups of the parameters that train, all with the same learning rate. */
    public static List<Group> of(Collection<Parameter> parameters) {
        return of(parameters, name -> 1);
    }

    /**
     * Groups of the parameters that train.
     *
     * @param lrScale factor on the learning rate by parameter name, such as {@link LayerDecay#scale}
     */
    public static List<Group> of(Collection<Parameter> parameters, ToDoubleFunction<String> lrScale) {
        Map<Key, List<Parameter>> groups = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            if (parameter.requiresGrad()) {
                Key key = new Key(decays(parameter), lrScale.applyAsDouble(parameter.name()));
                groups.computeIfAbsent(key, unseen -> new ArrayList<>()).add(parameter);
            }
        }
        List<Group> result = new ArrayList<>();
        groups.forEach((key, members) -> result.add(new Group(members, key.decay(), key.lrScale())));
        return result;
    }
}
