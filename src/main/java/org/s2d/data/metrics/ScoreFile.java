package org.s2d.data.metrics;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.tensor.UserException;

/**
 * The release's {@code 0.txt}: a first line with two accuracies (of its last batch, of no use), then one line per view:
 * {@code id [logit, logit, ...] label chunk split}.
 */
public final class ScoreFile {
    private static final Pattern LINE = Pattern.compile("(.+) \\[([^\\]]*)\\] (\\d{1,6}) (\\d{1,6}) (\\d{1,6})");
    private static final long MAX_BYTES = 1L << 30;

    private ScoreFile() {}

    /** Reads the views of a file; whatever is wrong is a {@link UserException} with the line number. */
    public static List<ViewScore> read(Path path) {
        List<ViewScore> views = new ArrayList<>();
        List<String> lines = lines(path);
        for (int i = 1; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                ViewScore view = parse(lines.get(i).strip(), path + ":" + (i + 1));
                if (!views.isEmpty() && views.getFirst().logits().length != view.logits().length) {
                    throw new UserException(path + ":" + (i + 1) + ": " + view.logits().length + " logits, "
                            + views.getFirst().logits().length + " in the lines before.");
                }
                views.add(view);
            }
        }
        if (views.isEmpty()) {
            throw new UserException(path + ": no scores, expected a line with accuracies, then one line per view.");
        }
        return views;
    }

    private static List<String> lines(Path path) {
        try {
            if (Files.size(path) > MAX_BYTES) {
                throw new UserException(path + ": too large for a file of scores (over 1 GiB).");
            }
            return Files.readAllLines(path);
        } catch (CharacterCodingException e) {
            throw new UserException(path + ": not a text file, expected scores.", e);
        } catch (IOException e) {
            throw new UserException(path + ": scores cannot be read (" + e.getMessage() + ").", e);
        }
    }

    private static ViewScore parse(String line, String place) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            throw new UserException(place + ": expected 'id [logits] label chunk split'.");
        }
        try {
            double[] logits = Pattern.compile("[,\\s]+")
                    .splitAsStream(matcher.group(2).strip())
                    .mapToDouble(Double::parseDouble)
                    .toArray();
            int label = Integer.parseInt(matcher.group(3));
            if (label >= logits.length) {
                throw new UserException(place + ": label " + label + ", but there are " + logits.length + " logits.");
            }
            return new ViewScore(
                    matcher.group(1),
                    logits,
                    label,
                    Integer.parseInt(matcher.group(4)),
                    Integer.parseInt(matcher.group(5)),
                    1);
        } catch (NumberFormatException e) {
            throw new UserException(place + ": logits are not numbers (" + e.getMessage() + ").", e);
        }
    }
}
