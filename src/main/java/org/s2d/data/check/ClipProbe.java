package org.s2d.data.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.data.Media;
import org.s2d.data.check.Finding.Level;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.tensor.UserException;

/**
 * Looks at the files of one clip. Every frame must be there and not empty; which frames are also decoded is up to {@link Depth}.
 * Thread-safe.
 */
public final class ClipProbe {
    private static final Pattern NUMBER = Pattern.compile("(\\d{1,18})\\.[A-Za-z]+");
    private static final double LONGEST_ASPECT = 1.5;
    private static final int NAMED = 3;

    /** Which frames are decoded. */
    public enum Depth {
        /** First, middle and last. */
        THREE,
        ALL
    }

    /** A problem of a clip, not yet tied to a list. */
    public record Problem(Level level, String check, String message) {}

    /**
     * What the files of a clip say.
     *
     * @param frames files that there are
     * @param decoded how many of them were decoded
     * @param sizes widths and heights seen, as {@code 224x224}
     * @param digest of the bytes of first, middle and last frame: equal for copies; empty when they could not be read
     */
    public record Facts(int frames, int decoded, Set<String> sizes, String digest, List<Problem> problems) {}

    private final Depth depth;
    private final int wantedFrames;

    /** @param wantedFrames frames that the model takes; 1 for an image model */
    public ClipProbe(Depth depth, int wantedFrames) {
        this.depth = depth;
        this.wantedFrames = wantedFrames;
    }

    /** Looks at a clip; problems are part of the result. */
    public Facts look(Media media) {
        if (!Files.exists(media.path())) {
            return nothing(new Problem(Level.ERROR, "missing", media.path() + " does not exist"));
        }
        List<Path> files;
        try {
            files = media.frames();
        } catch (UserException e) {
            String check = Files.isRegularFile(media.path()) ? "no frames yet" : "missing";
            return nothing(new Problem(Level.ERROR, check, String.valueOf(e.getMessage())));
        }
        List<Problem> problems = new ArrayList<>();
        if (media instanceof Media.FrameFolder) {
            checkNumbers(files, problems);
            checkCount(files.size(), problems);
        }
        checkNotEmpty(files, problems);
        List<Path> looked = depth == Depth.ALL ? files : ends(files);
        TreeSet<String> sizes = new TreeSet<>();
        int decoded = 0;
        for (Path file : looked) {
            decoded += decode(file, sizes, problems) ? 1 : 0;
        }
        if (sizes.size() > 1) {
            problems.add(new Problem(
                    Level.WARNING, "sizes differ in a clip", "frames of " + String.join(", ", sizes) + " pixels"));
        }
        return new Facts(files.size(), decoded, sizes, digest(ends(files)), problems);
    }

    private static Facts nothing(Problem why) {
        return new Facts(0, 0, Set.of(), "", List.of(why));
    }

    private static List<Path> ends(List<Path> files) {
        return List.of(files.getFirst(), files.get(files.size() / 2), files.getLast()).stream()
                .distinct()
                .toList();
    }

    private void checkCount(int frames, List<Problem> problems) {
        if (wantedFrames > 1 && frames == 1) {
            problems.add(new Problem(Level.WARNING, "single frame", "one frame only; the model sees it repeated"));
        }
    }

    /** Frames are read in the order of their names, which should be that of their numbers, without gaps. */
    private static void checkNumbers(List<Path> files, List<Problem> problems) {
        List<Long> numbers = new ArrayList<>();
        for (Path file : files) {
            Matcher matcher = NUMBER.matcher(String.valueOf(file.getFileName()));
            if (!matcher.find()) {
                return;
            }
            numbers.add(Long.parseLong(matcher.group(1)));
        }
        List<Long> sorted = numbers.stream().sorted().distinct().toList();
        if (sorted.size() < numbers.size()) {
            problems.add(new Problem(Level.WARNING, "frame numbers", "two files with the same frame number"));
        } else if (!numbers.equals(sorted)) {
            problems.add(new Problem(
                    Level.WARNING,
                    "frame order",
                    "names sort as " + join(numbers) + ", ...: not the order of time. Pad the numbers with zeros"));
        } else if (sorted.getLast() - sorted.getFirst() + 1 > sorted.size()) {
            long missing = sorted.getLast() - sorted.getFirst() + 1 - sorted.size();
            problems.add(new Problem(
                    Level.WARNING,
                    "frames left out",
                    missing + " numbers between " + sorted.getFirst() + " and " + sorted.getLast() + " have no frame"));
        }
    }

    private static String join(List<Long> numbers) {
        return String.join(
                ", ", numbers.stream().limit(NAMED).map(String::valueOf).toList());
    }

    private static void checkNotEmpty(List<Path> files, List<Problem> problems) {
        List<String> empty = new ArrayList<>();
        for (Path file : files) {
            try {
                if (Files.size(file) == 0) {
                    empty.add(String.valueOf(file.getFileName()));
                }
            } catch (IOException e) {
                problems.add(new Problem(Level.ERROR, "unreadable", file + " cannot be read (" + e.getMessage() + ")"));
            }
        }
        if (!empty.isEmpty()) {
            problems.add(new Problem(
                    Level.ERROR,
                    "empty files",
                    empty.size() + " frames of no bytes: "
                            + String.join(", ", empty.stream().limit(NAMED).toList())
                            + (empty.size() > NAMED ? ", ..." : "")));
        }
    }

    private static boolean decode(Path file, Set<String> sizes, List<Problem> problems) {
        try {
            if (Files.size(file) == 0) {
                return false; // reported already
            }
            Image image = ImageFile.read(file);
            sizes.add(image.width() + "x" + image.height());
            checkPicture(file, image, problems);
            return true;
        } catch (UserException e) {
            problems.add(new Problem(Level.ERROR, "unreadable", String.valueOf(e.getMessage())));
        } catch (IOException e) {
            problems.add(new Problem(Level.ERROR, "unreadable", file + " cannot be read (" + e.getMessage() + ")"));
        }
        return false;
    }

    private static void checkPicture(Path file, Image image, List<Problem> problems) {
        double longer = Math.max(image.width(), image.height());
        if (longer > LONGEST_ASPECT * Math.min(image.width(), image.height())) {
            problems.add(new Problem(
                    Level.WARNING,
                    "odd shape",
                    file.getFileName() + " has " + image.width() + " x " + image.height()
                            + " pixels and is squeezed into a square: is it cut to the face?"));
        }
        byte[] rgb = image.rgb();
        for (byte value : rgb) {
            if (value != rgb[0]) {
                return;
            }
        }
        problems.add(new Problem(Level.WARNING, "blank frame", file.getFileName() + " is of one colour"));
    }

    private static String digest(List<Path> files) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Path file : files) {
                digest.update(Files.readAllBytes(file));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            return ""; // reported already
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
