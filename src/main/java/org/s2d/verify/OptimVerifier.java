package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.data.EpochOrder;
import org.s2d.nn.Init;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.optim.AdamW;
import org.s2d.optim.CosineSchedule;
import org.s2d.optim.LayerDecay;
import org.s2d.optim.MovingAverage;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** AdamW on recorded gradients, clipping, schedules, moving averages, layer decay and mixup. */
final class OptimVerifier implements CaseVerifier {
    private static final String ADAMW = "adamw";
    private static final String EMA = "ema";
    private static final String SCHEDULE = "schedule";
    private static final Pattern GRADIENTS = Pattern.compile("adamw/(.+)\\.grads");
    private static final Pattern RATE = Pattern.compile("= *([-+.\\de]+)\\*\\(1\\+t%(\\d+)\\)");
    private static final Pattern DECAY = Pattern.compile("wd ([.\\d]+)");
    private static final Pattern EMA_DECAY = Pattern.compile("decay=([.\\d]+)");
    private static final Pattern LAYERS = Pattern.compile("layer_decay_([.\\d]+)_depth(\\d+)");

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.hasFile(ADAMW) || folder.hasFile("mixup") || (folder.hasFile(SCHEDULE) && folder.hasFile(EMA));
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool);
                Scope scope = new Scope(target.device().allocator())) {
            Run run = new Run(folder, target, report, scope, new Download(target.device(), host));
            if (folder.hasFile(ADAMW)) {
                run.adamW();
                run.clipping();
            }
            if (folder.hasFile(EMA)) {
                run.movingAverage();
            }
        }
        schedules(folder, report);
        samplerWeights(folder, report);
        layerDecay(folder, report);
        MixupChecks.verify(folder, target.device(), report);
    }

    private static void samplerWeights(CaseFolder folder, Report report) {
        if (folder.has("sampler", "weights")) {
            int[] labels = Arrays.stream(folder.longs("sampler", "labels"))
                    .mapToInt(Math::toIntExact)
                    .toArray();
            Tensor expected = folder.tensor("sampler", "weights");
            report.check(
                    "sampler.weights",
                    expected.shape(),
                    EpochOrder.weights(labels),
                    expected.toDoubles(),
                    folder.float64("sampler", "weights"));
        }
    }

    private static void schedules(CaseFolder folder, Report report) {
        JsonNode configs = folder.values().path("cosine_configs");
        for (int i = 0; i < configs.size(); i++) {
            JsonNode config = configs.path(i).path("config");
            CosineSchedule schedule = CosineSchedule.ofEpochs(
                    config.path("base_value").asDouble(),
                    config.path("final_value").asDouble(),
                    config.path("epochs").asInt(),
                    config.path("niter_per_ep").asLong(),
                    config.path("warmup_epochs").asInt(0),
                    config.path("warmup_steps").asLong(0),
                    config.path("start_warmup_value").asDouble(0));
            Tensor expected = folder.tensor(SCHEDULE, "cosine." + i);
            double[] ours = new double[Math.toIntExact(expected.numel())];
            for (int step = 0; step < ours.length; step++) {
                ours[step] = schedule.at(step);
            }
            report.check(
                    "cosine." + i,
                    expected.shape(),
                    ours,
                    expected.toDoubles(),
                    folder.float64(SCHEDULE, "cosine." + i));
        }
    }

    private static void layerDecay(CaseFolder folder, Report report) {
        folder.values().properties().forEach(entry -> {
            Matcher key = LAYERS.matcher(entry.getKey());
            if (key.matches()) {
                LayerDecay decay = new LayerDecay(Double.parseDouble(key.group(1)), Integer.parseInt(key.group(2)));
                entry.getValue().properties().forEach(parameter -> {
                    String name = parameter.getKey();
                    boolean right = decay.layer(name)
                                    == parameter.getValue().path(0).asInt()
                            && Math.abs(decay.scale(name)
                                            - parameter.getValue().path(1).asDouble())
                                    <= 1e-12;
                    report.checkExact("layer_decay." + name, "()", right ? 0 : 1, 1, 0, "");
                });
            }
        });
    }

    private record Run(CaseFolder folder, Target target, Report report, Scope scope, Download download) {
        /** Parameters with the values of {@code file}, whose tensors are called {@code prefix + name + suffix}. */
        private Map<String, Parameter> parameters(String file, String prefix, String suffix, List<String> names) {
            ParameterFactory factory = ParameterFactory.root(target.device(), scope, 0);
            Map<String, Parameter> parameters = new LinkedHashMap<>();
            for (String name : names) {
                Tensor value = folder.tensor(file, prefix + name + suffix);
                Parameter parameter =
                        factory.parameter(name, Init.constant(0), value.shape().toArray());
                upload(parameter.value(), value);
                parameters.put(name, parameter);
            }
            return parameters;
        }

        /** Counters are averaged as numbers like any other. */
        private void upload(Tensor out, Tensor stored) {
            if (stored.dtype() == DType.I64) {
                target.device().upload(out, stored.toFloats());
            } else {
                target.device().upload(out, stored);
            }
        }

        private List<String> gradientNames() {
            List<String> names = new ArrayList<>();
            for (String name : folder.names(ADAMW)) {
                Matcher matcher = GRADIENTS.matcher(name);
                if (matcher.matches()) {
                    names.add(matcher.group(1));
                }
            }
            return names;
        }

        void adamW() {
            String notes = folder.manifest().path("notes").toString();
            Matcher rate = RATE.matcher(notes);
            boolean cycled = rate.find();
            double lr = cycled ? Double.parseDouble(rate.group(1)) : 1e-2;
            int cycle = cycled ? Integer.parseInt(rate.group(2)) : 3;
            Matcher decay = DECAY.matcher(notes);
            double weightDecay = decay.find() ? Double.parseDouble(decay.group(1)) : 0.05;
            Map<String, Parameter> parameters = parameters(ADAMW, "adamw/", ".p.0", gradientNames());
            AdamW optimizer =
                    new AdamW(ParameterGroups.of(parameters.values()), AdamW.Options.DEFAULT, target.device(), scope);
            int steps = parameters.keySet().stream()
                    .mapToInt(name -> gradients(name).dim(0))
                    .max()
                    .orElse(0);
            for (int step = 0; step < steps; step++) {
                optimizer.zeroGrad();
                for (Parameter parameter : parameters.values()) {
                    parameter.accumulate(uploaded(gradients(parameter.name()).select(0, step)), target.device());
                }
                optimizer.step(lr * (1 + step % cycle), weightDecay, 1);
                for (AdamW.Moments moments : optimizer.state().values()) {
                    String name = moments.name();
                    Parameter parameter = parameters.get(name);
                    if (parameter != null) {
                        check(name + ".p." + (step + 1), parameter.value());
                    }
                    check(name + ".m." + (step + 1), moments.expAvg());
                    check(name + ".v." + (step + 1), moments.expAvgSq());
                }
            }
        }

        private Tensor gradients(String name) {
            return folder.tensor(ADAMW, "adamw/" + name + ".grads");
        }

        private Tensor uploaded(Tensor host) {
            Tensor tensor = scope.allocate(target.device().floatType(), host.shape());
            target.device().upload(tensor, host);
            return tensor;
        }

        private void check(String name, Tensor ours) {
            if (folder.has(ADAMW, "adamw/" + name)) {
                report.check(
                        "adamw/" + name,
                        download.of(ours),
                        folder.tensor(ADAMW, "adamw/" + name),
                        folder.float64(ADAMW, "adamw/f64." + name));
            }
        }

        /** The first gradients clipped together. */
        void clipping() {
            if (!folder.has(ADAMW, "clip/norm")) {
                return;
            }
            Map<String, Tensor> gradients = new LinkedHashMap<>();
            gradientNames()
                    .forEach(
                            name -> gradients.put(name, uploaded(gradients(name).select(0, 0))));
            double norm = target.device().optimizers().norm(List.copyOf(gradients.values()));
            report.check(
                    "clip/norm",
                    Shape.of(1),
                    new double[] {norm},
                    folder.tensor(ADAMW, "clip/norm").toDoubles(),
                    null);
            double factor = AdamW.clipFactor(
                    norm, folder.values().path("clip").path("max_norm").asDouble());
            gradients.forEach((name, gradient) -> {
                target.device().elementwise().scale(gradient, gradient, factor);
                if (folder.has(ADAMW, "clip/" + name)) {
                    report.check("clip/" + name, download.of(gradient), folder.tensor(ADAMW, "clip/" + name), null);
                }
            });
        }

        /** All values of a model averaged after each step; counters are cut to whole numbers as copying to int64 does. */
        void movingAverage() {
            Matcher matcher =
                    EMA_DECAY.matcher(folder.manifest().path("tensors").toString());
            double decay = matcher.find() ? Double.parseDouble(matcher.group(1)) : 0.9999;
            List<String> names = folder.names(EMA).stream()
                    .filter(name -> name.startsWith("init."))
                    .map(name -> name.substring("init.".length()))
                    .toList();
            Map<String, Parameter> parameters = parameters(EMA, "init.", "", names);
            MovingAverage average = new MovingAverage(parameters.values(), decay, target.device(), scope);
            for (int step = 1; folder.has(EMA, "model." + step + "." + names.getFirst()); step++) {
                for (Parameter parameter : parameters.values()) {
                    upload(parameter.value(), folder.tensor(EMA, "model." + step + "." + parameter.name()));
                }
                average.update();
                for (Map.Entry<String, Tensor> entry : average.averages().entrySet()) {
                    String name = "ema." + step + "." + entry.getKey();
                    Tensor expected = folder.tensor(EMA, name);
                    if (expected.dtype() == DType.I64) {
                        truncate(entry.getValue());
                    }
                    report.check(name, download.of(entry.getValue()), expected, null);
                }
            }
        }

        private void truncate(Tensor average) {
            double[] values = download.of(average).toDoubles();
            float[] whole = new float[values.length];
            for (int i = 0; i < whole.length; i++) {
                whole[i] = (long) values[i];
            }
            target.device().upload(average, whole);
        }
    }
}
