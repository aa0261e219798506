package org.s2d.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.SharedData;
import org.s2d.autograd.Precision;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.HostPool;

class DataVerifiersTest {
    @TempDir
    private Path folder;

    private static List<Report.Row> rows(Path path) {
        try (CaseFolder opened = CaseFolder.open(path);
                HostPool pool = new HostPool()) {
            return new Verification(new CaseVerifier.Target(new ReferenceDevice(pool), Precision.FP32))
                    .run(opened)
                    .rows();
        }
    }

    @Test
    void preprocessCasePasses() {
        List<Report.Row> rows = rows(SharedData.require("reference/preprocess"));
        assertThat(rows).hasSizeGreaterThan(300).allMatch(Report.Row::passed);
        assertThat(rows)
                .extracting(Report.Row::name)
                .contains("train/case2/out", "test/seg1_crop1", "validation/size224_frame15", "jpeg_gray.jpg");
    }

    @Test
    void metricsCasePasses() {
        List<Report.Row> rows = rows(SharedData.require("reference/metrics"));
        assertThat(rows).hasSizeGreaterThan(50).allMatch(Report.Row::passed);
    }

    @Test
    void mixupOfTheOptimCasePasses() {
        List<Report.Row> mixup = rows(SharedData.require("reference/optim")).stream()
                .filter(row -> row.name().startsWith("mixup/") || row.name().equals("cutmix_bbox"))
                .toList();
        assertThat(mixup).hasSize(18).allMatch(Report.Row::passed);
    }

    @Test
    void aWrongPixelAFalseCountAndAShiftedBoxFail() throws IOException {
        Path preprocess = copy(SharedData.require("reference/preprocess"));
        // The last value of the last tensor, an exponent bit.
        for (String file : List.of("randaug.safetensors", "train.safetensors")) {
            byte[] bytes = Files.readAllBytes(preprocess.resolve(file));
            bytes[bytes.length - 1] ^= 1;
            Files.write(preprocess.resolve(file), bytes);
        }
        Path boxes = preprocess.resolve("crop_boxes.json");
        Files.writeString(boxes, Files.readString(boxes).replace("[6, 0, 55, 64]", "[7, 0, 55, 64]"));
        assertThat(rows(preprocess).stream().filter(row -> !row.passed())).hasSize(3);
        Path metrics = copy(SharedData.require("reference/metrics"));
        Path manifest = metrics.resolve("manifest.json");
        Files.writeString(manifest, Files.readString(manifest).replace("0.8222222222222223", "0.8222322222222223"));
        assertThat(rows(metrics).stream().filter(row -> !row.passed()))
                .singleElement()
                .extracting(Report.Row::name)
                .isEqualTo("labels_subset.macro_f1");
    }

    private Path copy(Path source) throws IOException {
        Path target = folder.resolve(String.valueOf(source.getFileName()));
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Path to = target.resolve(source.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(to);
                } else {
                    Files.write(to, Files.readAllBytes(file));
                }
            }
        }
        return target;
    }
}
