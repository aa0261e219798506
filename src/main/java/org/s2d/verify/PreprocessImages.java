package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.s2d.data.augment.AugmentOp;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.image.Resample;
import org.s2d.data.image.Resample.Filter;
import org.s2d.data.image.Warp.Interpolation;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/** The 8-bit half of a preprocess case: decoded files, PIL's resizing, RandAugment's operations. */
final class PreprocessImages {
    /** JPEG decoders may round otherwise: so many samples may be off by one. */
    static final double DECODER_FRACTION = 0.005;

    private static final String PIL = "pil";
    private static final String RANDAUG = "randaug";
    private static final Pattern RESIZED = Pattern.compile("(bilinear|bicubic)_(\\d+)x(\\d+)");
    private static final Pattern DIRECT = Pattern.compile("direct_([a-z_]+)_(-?[.\\d]+)");
    private static final Pattern LOW_CONTRAST = Pattern.compile("lowcontrast_(\\w+)");

    private final CaseFolder folder;
    private final Report report;

    PreprocessImages(CaseFolder folder, Report report) {
        this.folder = folder;
        this.report = report;
    }

    void verify() {
        decoders();
        if (folder.hasFile(PIL)) {
            resizing();
        }
        if (folder.hasFile(RANDAUG)) {
            operations();
        }
    }

    private void decoders() {
        Path root = folder.path();
        for (Path jpeg : files(root, ".jpg")) {
            Path png = root.resolve(jpeg.getFileName().toString().replace(".jpg", "_decoded.png"));
            if (Files.exists(png)) {
                compare(jpeg.getFileName().toString(), ImageFile.read(jpeg), ImageFile.read(png), DECODER_FRACTION);
            }
        }
        for (Path clip : files(root.resolve("frames"), "")) {
            for (Path jpeg : files(clip, ".jpg")) {
                String relative = clip.getFileName() + "/" + jpeg.getFileName();
                Path png = root.resolve("frames_png").resolve(relative.replace(".jpg", ".png"));
                if (Files.exists(png)) {
                    compare("frames/" + relative, ImageFile.read(jpeg), ImageFile.read(png), DECODER_FRACTION);
                }
            }
        }
    }

    private static List<Path> files(Path directory, String ending) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(path -> path.toString().endsWith(ending))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UserException(directory + ": folder cannot be read.", e);
        }
    }

    private void resizing() {
        Image source = image(PIL, "src");
        for (String name : folder.names(PIL)) {
            Matcher matcher = RESIZED.matcher(name);
            if (matcher.matches()) {
                Filter filter = Filter.valueOf(matcher.group(1).toUpperCase(Locale.ROOT));
                int width = Integer.parseInt(matcher.group(2));
                int height = Integer.parseInt(matcher.group(3));
                compare(PIL + "/" + name, Resample.resize(source, width, height, filter), image(PIL, name), 0);
            }
        }
    }

    private void operations() {
        Image input = image(RANDAUG, "input");
        for (JsonNode row : folder.values().path("randaug_ops")) {
            AugmentOp op = AugmentOp.parse(row.path("op").asText());
            double argument = row.path("level_args").path(0).asDouble();
            String key = row.path("key").asText();
            compare(
                    RANDAUG + "/" + key,
                    op.apply(input, argument, interpolation(row.path("resample").asText())),
                    image(RANDAUG, key),
                    0);
            magnitude(key, op, row);
        }
        for (String name : folder.names(RANDAUG)) {
            Matcher direct = DIRECT.matcher(name);
            Matcher low = LOW_CONTRAST.matcher(name);
            if (direct.matches()) {
                AugmentOp op = AugmentOp.valueOf(direct.group(1).toUpperCase(Locale.ROOT));
                Image ours = op.apply(input, Double.parseDouble(direct.group(2)), Interpolation.BICUBIC);
                compare(RANDAUG + "/" + name, ours, image(RANDAUG, name), 0);
            } else if (low.matches()) {
                Image ours = AugmentOp.parse(low.group(1))
                        .apply(image(RANDAUG, "input_lowcontrast"), 0, Interpolation.BICUBIC);
                compare(RANDAUG + "/" + name, ours, image(RANDAUG, name), 0);
            }
        }
    }

    /** From the magnitude to the operation's argument; translations by pixels depend on a crop size the case does not tell. */
    private void magnitude(String key, AugmentOp op, JsonNode row) {
        if (op.isPlain() || op == AugmentOp.TRANSLATE_X || op == AugmentOp.TRANSLATE_Y) {
            return;
        }
        double ours =
                op.argument(row.path("magnitude").asDouble(), row.path("sign").asInt() < 0, 1);
        boolean same = Math.abs(ours - row.path("level_args").path(0).asDouble()) < 1e-12;
        report.checkExact(RANDAUG + "/" + key + ".argument", "()", same ? 0 : 1, 1, 0, "");
    }

    static Interpolation interpolation(String name) {
        return name.equals("bilinear") ? Interpolation.BILINEAR : Interpolation.BICUBIC;
    }

    private Image image(String file, String name) {
        Tensor tensor = folder.tensor(file, name);
        byte[] rgb = new byte[Math.toIntExact(tensor.numel())];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) tensor.getDouble(i);
        }
        return new Image(tensor.dim(1), tensor.dim(0), rgb);
    }

    private void compare(String name, Image ours, Image expected, double allowed) {
        if (ours.width() != expected.width() || ours.height() != expected.height()) {
            report.fail(
                    name,
                    ours.width() + " x " + ours.height() + " pixels, expected " + expected.width() + " x "
                            + expected.height());
            return;
        }
        long different = 0;
        int largest = 0;
        for (int i = 0; i < ours.rgb().length; i++) {
            int distance = Math.abs((ours.rgb()[i] & 0xff) - (expected.rgb()[i] & 0xff));
            different += distance > 0 ? 1 : 0;
            largest = Math.max(largest, distance);
        }
        String note = different == 0 ? "" : different + " samples differ, by at most " + largest;
        String shape = "(" + ours.height() + ", " + ours.width() + ", 3)";
        report.checkExact(name, shape, different, ours.rgb().length, largest > 1 ? 0 : allowed, note);
    }
}
