package org.s2d.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.SharedData;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

class SafetensorsReaderTest {
    @TempDir
    Path folder;

    private Path write(String header, byte... data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json).put(data);
        return Files.write(folder.resolve("case.safetensors"), bytes.array());
    }

    @Test
    void everyElementTypeIsReadExactly() throws IOException {
        String header = """
            {"__metadata__":{"format":"pt"},
             "u8":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
             "flag":{"dtype":"BOOL","shape":[2],"data_offsets":[2,4]},
             "i8":{"dtype":"I8","shape":[],"data_offsets":[4,5]},
             "i16":{"dtype":"I16","shape":[1],"data_offsets":[5,7]},
             "i32":{"dtype":"I32","shape":[1,1],"data_offsets":[7,11]},
             "bf16":{"dtype":"BF16","shape":[1],"data_offsets":[11,13]},
             "f16":{"dtype":"F16","shape":[1],"data_offsets":[13,15]},
             "empty":{"dtype":"F32","shape":[0,3],"data_offsets":[15,15]},
             "f32":{"dtype":"F32","shape":[1],"data_offsets":[15,19]},
             "i64":{"dtype":"I64","shape":[1],"data_offsets":[19,27]}}\
            """;
        ByteBuffer data = ByteBuffer.allocate(27).order(ByteOrder.LITTLE_ENDIAN);
        data.put((byte) 200).put((byte) 7).put((byte) 0).put((byte) 9).put((byte) -3);
        data.putShort((short) -300).putInt(-70000).putShort(DType.toBf16(1.5f));
        data.putShort(Float.floatToFloat16(-2.5f)).putFloat(3.25f).putLong(1L << 60);
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(write(header, data.array()))) {
            assertThat(file.metadata()).containsEntry("format", "pt");
            assertThat(file.tensors().keySet())
                    .containsExactly("u8", "flag", "i8", "i16", "i32", "bf16", "f16", "empty", "f32", "i64");
            assertThat(file.load("u8", scope).toDoubles()).containsExactly(200, 7);
            assertThat(file.load("u8", scope).dtype()).isEqualTo(DType.I64);
            assertThat(file.load("flag", scope).toDoubles()).containsExactly(0, 1);
            assertThat(file.load("i8", scope).toDoubles()).containsExactly(-3);
            assertThat(file.load("i16", scope).toDoubles()).containsExactly(-300);
            assertThat(file.load("i32", scope).toDoubles()).containsExactly(-70000);
            assertThat(file.load("bf16", scope).dtype()).isEqualTo(DType.BF16);
            assertThat(file.loadAs("bf16", DType.F32, scope).toDoubles()).containsExactly(1.5);
            assertThat(file.loadAs("f16", DType.F64, scope).toDoubles()).containsExactly(-2.5);
            assertThat(file.load("f32", scope).toDoubles()).containsExactly(3.25);
            assertThat(file.load("empty", scope).shape()).isEqualTo(Shape.of(0, 3));
            assertThat(file.load("i64", scope).getLong(0)).isEqualTo(1L << 60);
            assertThat(file.loadAs("i32", DType.F32, scope).toDoubles()).containsExactly(-70000);
        }
    }

    @Test
    void loadIntoConvertsAndChecksTheShape() throws IOException {
        Path path = write("{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", (byte) 0, (byte) 0x3c);
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(path)) {
            Tensor target = scope.allocate(DType.F32, Shape.of(1));
            file.loadInto("a", target);
            assertThat(target.toFloats()).containsExactly(1f);
            assertThatThrownBy(() -> file.loadInto("a", scope.allocate(DType.F32, Shape.of(2))))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("'a' has shape (1)");
            assertThatThrownBy(() -> file.loadAs("a", DType.I64, scope))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("expected integers");
            assertThatThrownBy(() -> file.load("b", scope))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("no tensor named 'b'");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} x|not valid JSON",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} {}|goes on after",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}|not valid JSON",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}|does not fit its data_offsets",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}|does not fit its data_offsets",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}|lacks dtype",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}|more than 2 numbers",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}|something else than integers",
                "{\"a\":{\"dtype\":\"F4\",\"shape\":[1],\"data_offsets\":[0,4]}}|element type 'F4'",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]}}|starts at byte 1",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}|describes 3 bytes",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[0,5]}}|describes 5 bytes",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[3000000000],\"data_offsets\":[0,4]}}|dimension size 3000000000",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,4]}}|dimension size -1",
                "{\"a\":{\"dtype\":\"F64\",\"shape\":[2000000000,2000000000],\"data_offsets\":[0,4]}}|does not fit",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[2000000000,2000000000,2000000000],\"data_offsets\":[0,4]}}|64"
                        + " bits",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}}|not valid JSON",
                "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}|Duplicate",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":1}}|unknown field 'x'",
                "{\"a\":3}|not described by an object",
                "{\"__metadata__\":{\"a\":3}}|is not a string",
                "{\"a\":{\"dtype\":[[[[[[[[[[1]]]]]]]]]]}}|not a string",
                "[]|not a JSON object",
            })
    void damagedHeadersAreRefusedInOneLine(String header, String complaint) throws IOException {
        Path path = write(header, new byte[4]);
        assertThatThrownBy(() -> Checkpoint.open(path))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(path + ": ")
                .hasMessageContaining(complaint)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void sameNameTwiceIsRefused() throws IOException {
        String tensor = "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
        Path path = write("{\"a\":" + tensor + ",\"a\":" + tensor + "}");
        assertThatThrownBy(() -> Checkpoint.open(path)).hasMessageContaining("Duplicate field 'a'");
    }

    @Test
    void headerThatIsNotUtf8IsRefused() throws IOException {
        byte[] bytes = {6, 0, 0, 0, 0, 0, 0, 0, '{', '"', (byte) 0xff, '"', ':', '}'};
        Path path = Files.write(folder.resolve("latin.safetensors"), bytes);
        assertThatThrownBy(() -> Checkpoint.open(path))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("UTF-8");
    }

    @Test
    void headerLengthThatLooksLikeAPickleIsStillALength() throws IOException {
        String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
        Path path = write(header + " ".repeat(0x0280 - header.length()), (byte) 5); // 0x80 0x02: pickle protocol 2
        Path renamed = Files.move(path, folder.resolve("renamed"));
        try (Checkpoint file = Checkpoint.open(renamed)) {
            assertThat(file.format()).isEqualTo(Checkpoint.Format.SAFETENSORS);
        }
    }

    @Test
    void headerLengthIsBounded() throws IOException {
        byte[] bytes = {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'};
        Path path = Files.write(folder.resolve("long.safetensors"), bytes);
        assertThatThrownBy(() -> Checkpoint.open(path)).hasMessageContaining("header of 18446744073709551615 bytes");
    }

    @Test
    void missingAndEmptyFilesAndFoldersAreRefused() throws IOException {
        assertThatThrownBy(() -> Checkpoint.open(folder.resolve("none"))).hasMessageContaining("no such file");
        assertThatThrownBy(() -> Checkpoint.open(folder)).hasMessageContaining("not a regular file");
        Path empty = Files.createFile(folder.resolve("empty.safetensors"));
        assertThatThrownBy(() -> Checkpoint.open(empty))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("the file is empty");
    }

    @Test
    void referenceStateDictOpens() {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint file = Checkpoint.open(SharedData.require("reference/s2d_tiny/state.safetensors"))) {
            assertThat(file.shapes()).containsKey("patch_embed.proj.weight");
            assertThat(file.load("patch_embed.proj.weight", scope).toFloats()).doesNotContain(Float.NaN);
        }
    }
}
