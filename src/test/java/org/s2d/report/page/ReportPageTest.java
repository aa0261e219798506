package org.s2d.report.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.s2d.data.metrics.Calibration;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.metrics.MergedScores;
import org.s2d.report.ContactSheet;
import org.s2d.report.LineChart;
import org.s2d.report.StripSheet;
import org.w3c.dom.Document;

class ReportPageTest {
    private static final String NASTY = "a<b>&\"'\u0001";
    private static final BufferedImage FACE = new BufferedImage(10, 10, BufferedImage.TYPE_INT_RGB);

    private static ReportPage page(String label) {
        List<String> labels = List.of(label, "second", "absent");
        MergedScores scores = new MergedScores(List.of("x", "y", "z"), new int[] {0, 1, 1}, new double[][] {
            {0.9, 0.1, 0}, {0.2, 0.7, 0.1}, {0.8, 0.2, 0}
        });
        ConfusionMatrix matrix = scores.confusion(3);
        ReportPage.Results results = new ReportPage.Results(
                "lists/" + label, "clips", labels, matrix, new Interval(0.5, 0.9), Calibration.of(scores, 10));
        LineChart chart = new LineChart(
                "Loss",
                "step",
                "loss",
                List.of(new LineChart.Series(label, new double[] {1, 2}, new double[] {2, Double.NaN}, 0.5)));
        ContactSheet.Clip clip = new ContactSheet.Clip(label, List.of(FACE, FACE), "second", label, 0.8);
        StripSheet.Block block =
                new StripSheet.Block(label, List.of(new StripSheet.Strip("attention", List.of(FACE, FACE, FACE))));
        return new ReportPage(
                label,
                "A model.",
                results,
                List.of(new ReportPage.Drawing("Loss", chart, "falls", "a falling curve of " + label)),
                null,
                new ReportPage.Faces("Attention", "what is drawn", List.of(block)),
                new ReportPage.Mistakes("the worst", List.of(clip)),
                Map.of("Model", label),
                Map.of("key", label),
                "footer");
    }

    @Test
    void namesOfPeopleAndFilesCannotBreakThePage() throws Exception {
        Document page = PageChecks.sound(page(NASTY).html());
        assertThat(PageChecks.all(page, "b").stream().map(element -> element.getTextContent()))
                .noneMatch(text -> text.contains("\u0001"));
        assertThat(PageChecks.all(page, "h1").getFirst().getTextContent()).isEqualTo("a<b>&\"'\uFFFD");
    }

    @Test
    void everyPartIsThere() throws Exception {
        Document page = PageChecks.sound(page("first").html());
        assertThat(PageChecks.all(page, "section").stream().map(section -> section.getAttribute("id")))
                .containsExactly("results", "classes", "mistakes", "attention", "training", "run");
        assertThat(PageChecks.all(page, "img")).hasSize(2);
        assertThat(PageChecks.all(page, "svg")).hasSize(2);
        String text = page.getDocumentElement().getTextContent();
        assertThat(text)
                .contains("Right on 2 of 3 clips")
                .contains("No clips of absent")
                .contains("second taken for first (80 %)");
    }

    @Test
    void chartsTakeTheirColoursFromThePage() {
        String html = page("first").html();
        String chart = html.substring(html.indexOf("<svg"), html.lastIndexOf("</svg>"));
        assertThat(chart)
                .contains("var(--s0)")
                .contains("var(--ink)")
                .doesNotContain("fill=\"#")
                .doesNotContain("stroke=\"#");
    }

    @Test
    void markupThatIsLeftOpenIsNoticed() {
        assertThatThrownBy(() -> new Markup().open("p").toString()).hasMessageContaining("not closed: [p]");
    }
}
