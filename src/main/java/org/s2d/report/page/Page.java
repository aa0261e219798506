package org.s2d.report.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** The frame of a page: head with styles inside, heading, links to the sections, the sections themselves. */
final class Page {
    /** Forbids every request: what the page shows is in it. */
    private static final String POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

    private final String title;
    private final Markup heading = new Markup();
    private final Map<String, String> contents = new LinkedHashMap<>();
    private final Markup sections = new Markup();

    /**
     * A page without sections yet.
     *
     * @param kind what the page is, in small letters above its title
     */
    Page(String kind, String title, String lead) {
        this.title = title;
        heading.element("p", kind, "class", "kind").element("h1", title).element("p", lead, "class", "lead");
    }

    /** A section with its own heading; {@code id} is its anchor. */
    Page section(String id, String name, Markup content) {
        contents.put(id, name);
        sections.open("section", "id", id, "aria-labelledby", id + "-h").element("h2", name, "id", id + "-h");
        sections.add(content.toString()).close();
        return this;
    }

    String html(String footer) {
        Markup page = new Markup();
        page.open("html", "lang", "en").open("head");
        page.single("meta", "charset", "utf-8");
        page.single("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        page.single("meta", "name", "color-scheme", "content", "light dark");
        page.single("meta", "http-equiv", "Content-Security-Policy", "content", POLICY);
        page.element("title", title).open("style").add(styles()).close().close();
        page.open("body").element("a", "Skip to the content", "class", "skip", "href", "#content");
        page.open("header").add(heading.toString());
        page.open("nav", "aria-label", "Sections");
        contents.forEach((id, name) -> page.element("a", name, "href", "#" + id));
        page.close().close();
        page.open("main", "id", "content").add(sections.toString()).close();
        page.element("footer", footer).close().close();
        return "<!DOCTYPE html>\n" + page + "\n";
    }

    private static String styles() {
        try (InputStream in = Page.class.getResourceAsStream("page.css")) {
            if (in == null) {
                throw new IllegalStateException("page.css is not packed");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
