package org.s2d.tensor;

/**
 * Bad input from the user: a file, an option, a configuration. The message is one line that says what was found where,
 * what was expected, and what to do; the command line prints it and exits with code 2.
 */
public class UserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UserException(String message) {
        super(message);
    }

    public UserException(String message, Throwable cause) {
        super(message, cause);
    }
}
