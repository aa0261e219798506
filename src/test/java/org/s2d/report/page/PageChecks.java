package org.s2d.report.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** What every page of ours must be: well-formed, alone in the world, and usable by those who do not see it. */
public final class PageChecks {
    private PageChecks() {}

    /** Parses a page and checks all that needs no knowledge of its content. */
    public static Document sound(String html) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        DocumentBuilder builder = factory.newDocumentBuilder();
        builder.setErrorHandler(null);
        Document page = builder.parse(new InputSource(new StringReader(html)));
        asksForNothing(page, html);
        picturesAreThereAndDescribed(page);
        tablesAreTables(page);
        linksLeadSomewhere(page);
        assertThat(all(page, "h1")).hasSize(1);
        assertThat(page.getDocumentElement().getAttribute("lang")).isEqualTo("en");
        assertThat(html).contains("name=\"viewport\"").contains("@media print").contains("prefers-color-scheme: dark");
        return page;
    }

    public static List<Element> all(Document page, String tag) {
        NodeList found = page.getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            elements.add((Element) found.item(i));
        }
        return elements;
    }

    private static void asksForNothing(Document page, String html) {
        assertThat(html).doesNotContain("http:").doesNotContain("https:").doesNotContain("@import");
        assertThat(html.replaceAll("url\\(#", "")).doesNotContain("url(");
        for (String tag : List.of("script", "link", "iframe", "object", "form")) {
            assertThat(all(page, tag)).as(tag).isEmpty();
        }
        for (Element element : all(page, "*")) {
            String source = element.getAttribute("src");
            String target = element.getAttribute("href");
            assertThat(source.isEmpty() || source.startsWith("data:image/")).isTrue();
            assertThat(target.isEmpty() || target.startsWith("#")).isTrue();
        }
        assertThat(html).contains("default-src 'none'");
    }

    private static void picturesAreThereAndDescribed(Document page) throws Exception {
        for (Element picture : all(page, "img")) {
            assertThat(picture.getAttribute("alt")).isNotBlank();
            String data = picture.getAttribute("src").replaceFirst("^data:image/jpeg;base64,", "");
            var decoded =
                    ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(data)));
            assertThat(decoded.getWidth()).isEqualTo(Integer.parseInt(picture.getAttribute("width")));
            assertThat(decoded.getHeight()).isEqualTo(Integer.parseInt(picture.getAttribute("height")));
        }
        for (Element chart : all(page, "svg")) {
            assertThat(chart.getAttribute("role")).isEqualTo("img");
            assertThat(chart.getAttribute("aria-label")).isNotBlank();
            assertThat(chart.getElementsByTagName("text").getLength()).isPositive();
        }
    }

    private static void tablesAreTables(Document page) {
        for (Element table : all(page, "table")) {
            assertThat(table.getElementsByTagName("caption").getLength()).isEqualTo(1);
            NodeList heads = table.getElementsByTagName("th");
            for (int i = 0; i < heads.getLength(); i++) {
                assertThat(((Element) heads.item(i)).getAttribute("scope")).isIn("row", "col");
            }
        }
    }

    private static void linksLeadSomewhere(Document page) {
        Set<String> names = new HashSet<>();
        for (Element element : all(page, "*")) {
            String id = element.getAttribute("id");
            assertThat(id.isEmpty() || names.add(id)).as("id %s is unique", id).isTrue();
        }
        for (Element link : all(page, "a")) {
            assertThat(names).contains(link.getAttribute("href").substring(1));
        }
        for (Element section : all(page, "section")) {
            assertThat(names).contains(section.getAttribute("aria-labelledby"));
        }
    }
}
