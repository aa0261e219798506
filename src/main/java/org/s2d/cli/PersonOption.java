package org.s2d.cli;

import java.util.Locale;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;

/** The pattern that {@code --person} gives. */
final class PersonOption {
    private PersonOption() {}

    /** Null for none; throws {@link UserException} where it is no pattern or has no group. */
    static @Nullable Pattern pattern(@Nullable String person) {
        if (person == null) {
            return null;
        }
        try {
            Pattern pattern = Pattern.compile(person);
            if (pattern.matcher("").groupCount() < 1) {
                throw new UserException("--person " + person + ": expected a group in parentheses, as '(.+)_[0-9]+$'.");
            }
            return pattern;
        } catch (PatternSyntaxException e) {
            throw new UserException(String.format(Locale.ROOT, "--person %s: %s.", person, e.getDescription()), e);
        }
    }
}
