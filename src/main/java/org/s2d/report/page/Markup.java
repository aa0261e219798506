package org.s2d.report.page;

import java.util.ArrayDeque;
import java.util.Deque;
import org.s2d.report.XmlText;

/** HTML being written so that it is well-formed XML too; every text is escaped. */
final class Markup {
    private final StringBuilder out = new StringBuilder();
    private final Deque<String> open = new ArrayDeque<>();

    /** Begins an element with attributes as name, value, name, value, ... */
    Markup open(String tag, String... attributes) {
        start(tag, attributes).append('>');
        open.push(tag);
        return this;
    }

    Markup close() {
        out.append("</").append(open.pop()).append('>');
        return this;
    }

    /** An element that holds a text only. */
    Markup element(String tag, String text, String... attributes) {
        return open(tag, attributes).text(text).close();
    }

    /** An element that never holds anything, such as img. */
    Markup single(String tag, String... attributes) {
        start(tag, attributes).append("/>");
        return this;
    }

    Markup text(String text) {
        out.append(XmlText.escape(text));
        return this;
    }

    /** Markup that is whole in itself. */
    Markup add(String markup) {
        out.append(markup);
        return this;
    }

    private StringBuilder start(String tag, String... attributes) {
        out.append('<').append(tag);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            out.append(XmlText.escape(attributes[i + 1])).append('"');
        }
        return out;
    }

    /** The whole; every element must be closed. */
    @Override
    public String toString() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("not closed: " + open);
        }
        return out.toString();
    }
}
