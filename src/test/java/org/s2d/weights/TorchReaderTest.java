package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.SharedData;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.UserException;

/** Files written by PyTorch. */
class TorchReaderTest {
    private static Checkpoint open(String relative) {
        return Checkpoint.open(SharedData.require("reference/" + relative));
    }

    @ParameterizedTest
    @ValueSource(strings = {"misc.pth", "misc_legacy.pth", "misc_nonumpy.pth"})
    void everyKindOfTensorIsReadExactly(String name) {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint expected = open("pth_misc/expected.safetensors");
                Checkpoint file = open("pth_misc/" + name)) {
            expected.tensors().forEach((key, tensor) -> {
                assertThat(file.tensors()).containsKey(key);
                assertThat(file.tensor(key).shape()).as(key).isEqualTo(tensor.shape());
                assertThat(file.loadAs(key, tensor.type().loadsAs(), scope).toDoubles())
                        .as(key)
                        .isEqualTo(expected.load(key, scope).toDoubles());
            });
            assertThat(file.load("empty", scope).shape()).isEqualTo(Shape.of(0, 4));
            assertThat(file.tensors()).hasSize(expected.tensors().size() + 1);
            assertThat(file.tensor("bf16").storedDtype()).isEqualTo("BF16");
            assertThat(file.tensor("boolean").storedDtype()).isEqualTo("BOOL");
            assertThat(file.load("f16", scope).dtype()).isEqualTo(DType.F16);
            assertThat(file.load("i8", scope).dtype()).isEqualTo(DType.I64);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"misc.pth", "misc_legacy.pth"})
    void theTreeAroundTheTensorsIsInertData(String name) {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = open("pth_misc/" + name)) {

            assertThat(file.entry("epoch")).isEqualTo(12L);
            assertThat(file.entry("numpy_scalar")).isEqualTo(1.5);
            PyObject args = (PyObject) file.entry("args");
            assertThat(args.className()).isEqualTo("argparse.Namespace");
            assertThat(args.attributes())
                    .containsEntry("name", "é中")
                    .containsEntry("none", PyNone.NONE)
                    .containsEntry("flag", true)
                    .containsEntry("big", 1L << 40)
                    .containsEntry("neg", -5L)
                    .containsEntry("opt_betas", List.of(0.9, 0.999))
                    .containsEntry("nested", Map.of("a", List.of(1L, 2.5, "x")));
            StoredTensor array = (StoredTensor) file.entry("numpy_array", "value");
            assertThat(array.storedDtype()).isEqualTo("F64");
            assertThat(file.load(array, scope).toDoubles()).containsExactly(0, 1, 2, 3);
            assertThat(file.allTensors()).containsKeys("optimizer.state.0.exp_avg", "numpy_array");
        }
    }

    @Test
    void stateDictEqualsItsSafetensorsTwin() {
        try (HostPool pool = new HostPool();
                Checkpoint twin = open("s2d_tiny/state.safetensors");
                Checkpoint file = open("s2d_tiny/s2d_tiny.pth")) {
            assertThat(file.shapes()).containsExactlyInAnyOrderEntriesOf(twin.shapes());
            for (String name : file.tensors().keySet()) {
                try (Scope scope = new Scope(pool)) {
                    assertThat(file.load(name, scope)
                                    .data()
                                    .mismatch(twin.load(name, scope).data()))
                            .as(name)
                            .isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void optimiserStateIsReachable() {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = open("s2d_train_trajectory/checkpoint.pth")) {
            StoredTensor moment = (StoredTensor) file.entry("optimizer", "state", 0, "exp_avg");
            assertThat(moment.shape()).isEqualTo(Shape.of(1, 4, 64));
            assertThat(file.load(moment, scope).toFloats()).doesNotContain(Float.NaN);
            assertThat(file.entry("optimizer", "param_groups", 0, "betas")).isEqualTo(List.of(0.9, 0.999));
            assertThatThrownBy(() -> file.entry("optimizer", "param_groups", 9))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("no entry '9'");
        }
    }

    @Test
    void oldPickleFormatOfThePublishedLandmarkNetworkOpens() {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = open("mobilefacenet_landmark/mobilefacenet_model_best.pth.tar")) {
            assertThat(file.format()).isEqualTo(Checkpoint.Format.PYTORCH_LEGACY);
            assertThat(file.shapes()).containsKey("conv1.conv.weight");
            assertThat(file.load("conv1.conv.weight", scope).toFloats()).doesNotContain(Float.NaN);
        }
    }

    @Test
    void allPublishedFilesOpen() {
        for (String relative : List.of("reference/s4d_tiny/s4d_tiny.pth", "landmark/pfld_from_onnx.pth.tar")) {
            try (Checkpoint file = Checkpoint.open(SharedData.require(relative))) {
                assertThat(file.tensors()).isNotEmpty();
            }
        }
    }
}
