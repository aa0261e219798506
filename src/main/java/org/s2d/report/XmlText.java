package org.s2d.report;

/** Text as XML and HTML hold it, between tags and in attributes. */
public final class XmlText {
    private XmlText() {}

    /** The text with markup escaped; what no document may hold, such as a control character in a file's name, becomes U+FFFD. */
    public static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                default -> escaped.appendCodePoint(allowed(c) ? c : 0xFFFD);
            }
        });
        return escaped.toString();
    }

    private static boolean allowed(int c) {
        boolean control = c < ' ' && c != '\n' && c != '\t';
        boolean halfPair = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
        return !control && !halfPair && c != 0xFFFE && c != 0xFFFF;
    }
}
