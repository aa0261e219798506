package org.s2d.device.cuda;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.TokenChecks;
import org.s2d.device.TokenKernels;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/tokens.cu}; F32, BF16 and F16 in any mix, arithmetic in F32. */
final class CudaTokenKernels implements TokenKernels {
    private static final String FILE = "tokens";
    private static final int THREADS = 256;
    private static final int WARPS = THREADS / DeviceProperties.WARP;
    private static final int MAX_BLOCKS = 4096;
    /** What keeps patches of one colour finite. */
    private static final double EPS = 1e-6;

    private final CudaContext context;
    private final Kernel gather;
    private final Kernel gatherDot;
    private final Kernel choose;
    private final Kernel assign;
    private final Kernel shares;
    private final Kernel routeBackward;
    private final Kernel patchTargets;

    CudaTokenKernels(CudaContext context) {
        this.context = context;
        LaunchContract plain = LaunchContract.threads(THREADS);
        gather = context.kernel(FILE, "gather_forward_any", plain);
        gatherDot = context.kernel(FILE, "gather_forward_any_dot", plain);
        choose = context.kernel(FILE, "route_forward_any_choose", plain);
        assign = context.kernel(FILE, "route_forward_any_assign", plain.shared(WARPS * Integer.BYTES));
        shares = context.kernel(FILE, "route_forward_any_shares", plain);
        routeBackward = context.kernel(FILE, "route_backward_any", plain);
        patchTargets = context.kernel(FILE, "patch_targets_forward_any", plain);
    }

    @Override
    public void gather(Tensor out, Gather wanted) {
        TokenChecks.gather(out, wanted);
        Checks.singlePrecision("gather", out, wanted.in());
        if (out.numel() > 0) {
            Tensor base = wanted.base();
            context.launch(
                    gather,
                    warps(out.dim(0)),
                    structure(out, wanted.in(), wanted.index(), wanted.weights(), wanted.absent(), base)
                            .elements(out)
                            .elements(wanted.in())
                            .elements(wanted.index())
                            .elements(wanted.weights())
                            .elements(wanted.absent())
                            .elements(base));
        }
    }

    @Override
    public void gatherDot(Tensor out, Tensor rows, Tensor in, Tensor index) {
        TokenChecks.gatherDot(out, rows, in, index);
        Checks.singlePrecision("gatherDot", out, rows, in);
        if (out.numel() > 0) {
            context.launch(
                    gatherDot,
                    warps(out.numel()),
                    structure(out, in, index, null, null, rows)
                            .elements(out)
                            .elements(rows)
                            .elements(in)
                            .elements(index));
        }
    }

    /** The structure Gather, which begins the arguments; {@code shaped} has the rows. */
    private Arguments structure(
            Tensor shaped,
            Tensor in,
            Tensor index,
            @Nullable Tensor weights,
            @Nullable Tensor absent,
            @Nullable Tensor base) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(48);
        arguments.setLong(at, shaped.dim(0));
        arguments.setLong(at + 8, base == null ? 1 : base.dim(0));
        int[] rest = {
            in.dim(1), index.dim(1), typeCode(shaped), typeCode(in), typeCode(weights), typeCode(absent), typeCode(base)
        };
        for (int i = 0; i < rest.length; i++) {
            arguments.setInt(at + 16 + Integer.BYTES * i, rest[i]);
        }
        return arguments;
    }

    private static int typeCode(@Nullable Tensor tensor) {
        return tensor == null ? 0 : CudaContext.typeCode(tensor.dtype());
    }

    private static Launch warps(long count) {
        return Launch.of(CudaContext.blocks(count, WARPS, MAX_BLOCKS), THREADS);
    }

    @Override
    public void route(Route out, Tensor scores) {
        TokenChecks.route(out, scores);
        Checks.singlePrecision("route", scores, out.gates(), out.shares());
        long tokens = out.slots().dim(0);
        if (tokens > 0) {
            choose(out, scores, tokens);
        }
        int experts = scores.dim(2);
        context.launch(
                assign,
                Launch.of(experts, THREADS).shared(WARPS * Integer.BYTES),
                context.arguments()
                        .elements(out.slots())
                        .elements(out.tokens())
                        .elements(out.picks())
                        .elements(out.experts())
                        .int64(tokens)
                        .int32(out.gates().dim(2))
                        .int32(out.tokens().dim(0) / experts));
    }

    /** Experts, gates and shares: all that does not depend on the places. */
    private void choose(Route out, Tensor scores, long tokens) {
        int experts = scores.dim(2);
        int k = out.gates().dim(2);
        context.launch(
                choose,
                Launch.of(Math.ceilDiv(tokens, THREADS), THREADS),
                context.arguments()
                        .elements(out.gates())
                        .elements(out.experts())
                        .elements(scores)
                        .int64(tokens)
                        .int32(experts)
                        .int32(k)
                        .int32(typeCode(out.gates()))
                        .int32(typeCode(scores)));
        context.launch(
                shares,
                warps(out.shares().numel()),
                context.arguments()
                        .elements(out.shares())
                        .elements(out.experts())
                        .int64(scores.dim(0))
                        .int32(scores.dim(1))
                        .int32(experts)
                        .int32(k)
                        .int32(typeCode(out.shares())));
    }

    @Override
    public void routeBackward(Tensor gradScores, Tensor gradGates, Tensor gates, Tensor experts) {
        TokenChecks.routeBackward(gradScores, gradGates, gates, experts);
        Checks.singlePrecision("routeBackward", gradScores, gradGates, gates);
        int k = gates.dim(2);
        long tokens = gates.numel() / k;
        if (tokens > 0) {
            context.launch(
                    routeBackward,
                    Launch.of(Math.ceilDiv(tokens, THREADS), THREADS),
                    context.arguments()
                            .elements(gradScores)
                            .elements(gradGates)
                            .elements(gates)
                            .elements(experts)
                            .int64(tokens)
                            .int32(gradScores.dim(2))
                            .int32(k)
                            .int32(typeCode(gradScores))
                            .int32(typeCode(gradGates))
                            .int32(typeCode(gates)));
        }
    }

    @Override
    public void patchTargets(Tensor out, Tensor in, Tensor scale, Tensor shift, Standardise standardise) {
        TokenChecks.patchTargets(out, in, scale, shift);
        Checks.singlePrecision("patchTargets", out, in, scale, shift);
        int channels = in.dim(2);
        int groups = switch (standardise) {
            case CHANNEL -> channels;
            case PATCH -> 1;
            case NOT -> 0;
        };
        if (in.numel() > 0) {
            Arguments arguments = context.arguments();
            int at = arguments.structure(40);
            arguments.setLong(at, in.address());
            arguments.setLong(at + 8, scale.address());
            arguments.setLong(at + 16, shift.address());
            arguments.setInt(at + 24, typeCode(in));
            arguments.setInt(at + 28, typeCode(scale));
            arguments.setInt(at + 32, typeCode(shift));
            arguments.setInt(at + 36, channels);
            context.launch(
                    patchTargets,
                    warps((long) in.dim(0) * Math.max(1, groups)),
                    arguments
                            .elements(out)
                            .int64(in.dim(0))
                            .int32(in.dim(1) * channels)
                            .int32(groups)
                            .int32(typeCode(out))
                            .float32(EPS));
        }
    }
}
