package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.s2d.device.Device;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/** The S2D model of a reference case: configuration with PyTorch's keys, weights from its state file. */
final class ModelState {
    private ModelState() {}

    static S2dConfig config(JsonNode json) {
        S2dConfig.PromptType promptType = switch (json.path("prompt_type").asText("deep")) {
            case "deep" -> S2dConfig.PromptType.DEEP;
            case "shallow" -> S2dConfig.PromptType.SHALLOW;
            default -> S2dConfig.PromptType.NONE;
        };
        boolean average = json.path("global_pool").asText("token").equals("avg");
        return S2dConfig.small(json.path("num_classes").asInt()).toBuilder()
                .imageSize(json.path("img_size").asInt())
                .patchSize(json.path("patch_size").asInt())
                .embedDim(json.path("embed_dim").asInt())
                .depth(json.path("depth").asInt())
                .heads(json.path("num_heads").asInt())
                .frames(json.path("num_frames").asInt())
                .landmarkChannels(json.path("in_chans_l").asInt(128))
                .promptType(promptType)
                .globalPool(average ? S2dConfig.GlobalPool.AVG : S2dConfig.GlobalPool.TOKEN)
                .promptWidth(json.path("hidden_dim").asInt(8))
                .adapterScale(json.path("adapter_scale").asDouble(0.25))
                .mlpRatio(json.path("mlp_ratio").asDouble(4))
                .qkvBias(json.path("qkv_bias").asBoolean(true))
                .headDropout(json.path("head_dropout_ratio").asDouble(0))
                .dropPath(json.path("drop_path_rate").asDouble(0))
                .build();
    }

    /** Builds the model and loads every parameter; the average-pool variant takes {@code ln_post} for {@code fc_norm}. */
    static S2dModel load(S2dConfig config, CaseFolder state, String file, Device device, Scope scope) {
        S2dModel model = new S2dModel(ParameterFactory.root(device, scope, 0), config);
        fill(model, state, file, device);
        return model;
    }

    /** Loads every parameter of a model. */
    static void fill(Module model, CaseFolder state, String file, Device device) {
        for (Map.Entry<String, Parameter> entry : model.parameters().entrySet()) {
            String key = entry.getKey();
            Parameter parameter = entry.getValue();
            String stored = state.has(file, key) ? key : key.replace("fc_norm.", "ln_post.");
            Tensor value = state.tensor(file, stored);
            if (!value.shape().equals(parameter.shape())) {
                throw new UserException(state.path() + ": " + stored + " has shape " + value.shape()
                        + ", the model needs " + parameter.shape() + ".");
            }
            device.upload(parameter.value(), value);
            parameter.changed();
        }
    }
}
