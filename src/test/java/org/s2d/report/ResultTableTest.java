package org.s2d.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ResultTableTest {
    private static final ResultTable TABLE =
            new ResultTable(List.of("variant", "UAR"), List.of(List.of("a, \"b\"", "61.82"), List.of("x|y", "9.10")));

    @Test
    void figuresStandUnderEachOther() {
        assertThat(TABLE.text()).isEqualTo("""
            variant    UAR
            a, "b"   61.82
            x|y       9.10
            """);
    }

    @Test
    void csvAndMarkdownEscapeWhatTheyMust() {
        assertThat(TABLE.csv()).isEqualTo("variant,UAR\n\"a, \"\"b\"\"\",61.82\nx|y,9.10\n");
        assertThat(TABLE.markdown()).isEqualTo("""
            | variant | UAR |
            |---|---:|
            | a, "b" | 61.82 |
            | x\\|y | 9.10 |
            """);
    }

    @Test
    void rowsMustFit() {
        assertThatThrownBy(() -> new ResultTable(List.of("a"), List.of(List.of("1", "2"))))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
