package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeluKernelTest {
    /** Values to 17 digits from a 50-digit computation. */
    @ParameterizedTest
    @CsvSource({
        "1e-300, 1",
        "0.1, 0.88753708398171510",
        "0.5, 0.47950012218695346",
        "1.0, 0.15729920705028513",
        "1.99, 0.0048885868003830028",
        "2.0, 0.0046777349810472658",
        "3.0, 2.2090496998585441e-05",
        "6.0, 2.1519736712498913e-17",
        "12.0, 1.3562611692059042e-64",
        "26.0, 5.6631924088561428e-296",
        "30.0, 0",
        "-0.5, 1.5204998778130465",
        "-3.0, 1.9999779095030014"
    })
    void complementaryErrorFunctionIsAccurateAlsoInItsTail(double x, double expected) {
        assertThat(GeluKernel.erfc(x)).isCloseTo(expected, within(4e-15 * expected));
    }

    @Test
    void errorFunctionIsOdd() {
        assertThat(GeluKernel.erf(-0.25)).isEqualTo(-GeluKernel.erf(0.25));
        assertThat(GeluKernel.erf(-4)).isEqualTo(-GeluKernel.erf(4));
    }
}
