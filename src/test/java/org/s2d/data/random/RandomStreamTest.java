package org.s2d.data.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;

class RandomStreamTest {
    private static final int COUNT = 100_000;

    private static double[] meanAndVariance(DoubleSupplier draws) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < COUNT; i++) {
            double value = draws.getAsDouble();
            sum += value;
            squares += value * value;
        }
        double mean = sum / COUNT;
        return new double[] {mean, squares / COUNT - mean * mean};
    }

    @Test
    void continuesExactlyFromASavedState() {
        RandomStream stream = RandomStream.of(7, 1, 2);
        stream.nextGaussian();
        RandomStream restored = RandomStream.fromState(stream.state());
        for (int i = 0; i < 10; i++) {
            assertThat(restored.nextGaussian()).isEqualTo(stream.nextGaussian());
            assertThat(restored.nextInt(10)).isEqualTo(stream.nextInt(10));
        }
    }

    @Test
    void everyPathHasItsOwnStream() {
        Set<Long> firsts = new HashSet<>();
        for (int seed = 0; seed < 20; seed++) {
            firsts.add(RandomStream.of(seed).nextLong());
            for (int epoch = 0; epoch < 20; epoch++) {
                firsts.add(RandomStream.of(seed, epoch).nextLong());
                for (int place = 0; place < 20; place++) {
                    firsts.add(RandomStream.of(seed, epoch, place).nextLong());
                }
            }
        }
        assertThat(firsts).hasSize(20 + 400 + 8000);
    }

    @Test
    void uniformsAndNormalsHaveTheirMoments() {
        RandomStream stream = RandomStream.of(1);
        double[] uniform = meanAndVariance(stream::nextDouble);
        assertThat(uniform[0]).isCloseTo(0.5, within(0.005));
        assertThat(uniform[1]).isCloseTo(1.0 / 12, within(0.002));
        double[] normal = meanAndVariance(stream::nextGaussian);
        assertThat(normal[0]).isCloseTo(0, within(0.015));
        assertThat(normal[1]).isCloseTo(1, within(0.02));
    }

    @Test
    void manyNormalsAreDistributedAsTheyShould() {
        float[] values = new float[2_000_000];
        RandomStream.of(3).fillGaussian(values);
        double[] powers = new double[4];
        // Parts within these distances; the last one is where the ziggurat's tail begins.
        double[] distances = {0.25, 0.5, 1, 2, 3, 3.654152885361009};
        double[] expected = {0.1974127, 0.3829249, 0.6826895, 0.9544997, 0.9973002, 0.9997420};
        int[] within = new int[distances.length];
        for (float value : values) {
            double power = 1;
            for (int k = 0; k < powers.length; k++) {
                power *= value;
                powers[k] += power / values.length;
            }
            for (int k = 0; k < distances.length; k++) {
                within[k] += Math.abs(value) < distances[k] ? 1 : 0;
            }
        }
        assertThat(powers[0]).isCloseTo(0, within(0.003));
        assertThat(powers[1]).isCloseTo(1, within(0.004));
        assertThat(powers[2]).isCloseTo(0, within(0.012));
        assertThat(powers[3]).isCloseTo(3, within(0.03));
        for (int k = 0; k < distances.length; k++) {
            double deviation = Math.sqrt(expected[k] * (1 - expected[k]) / values.length);
            assertThat((double) within[k] / values.length)
                    .as("part within %s", distances[k])
                    .isCloseTo(expected[k], within(4 * deviation));
        }
    }

    @Test
    void betaHasItsMomentsForSmallAndLargeParameters() {
        for (double[] ab : new double[][] {{0.8, 0.8}, {1, 1}, {0.2, 0.9}, {3, 0.5}, {2, 5}}) {
            RandomStream stream = RandomStream.of(5);
            double a = ab[0];
            double b = ab[1];
            double[] beta = meanAndVariance(() -> stream.nextBeta(a, b));
            assertThat(beta[0]).as("mean of beta(%s, %s)", a, b).isCloseTo(a / (a + b), within(0.006));
            double variance = a * b / ((a + b) * (a + b) * (a + b + 1));
            assertThat(beta[1]).as("variance of beta(%s, %s)", a, b).isCloseTo(variance, within(0.004));
        }
    }

    @Test
    void integersCoverTheirRangeEvenly() {
        RandomStream stream = RandomStream.of(2);
        int[] counts = new int[7];
        for (int i = 0; i < COUNT; i++) {
            counts[stream.nextInt(7)]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(COUNT / 7 - 600, COUNT / 7 + 600);
        }
        assertThatThrownBy(() -> stream.nextInt(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
