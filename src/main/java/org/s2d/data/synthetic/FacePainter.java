package org.s2d.data.synthetic;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.RadialGradientPaint;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Area;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;

/** Draws one frame: background, shoulders, head and hair here, features by {@link FeaturePainter}, then light and noise. */
final class FacePainter {
    /** Drawn larger and averaged down, which is smoother than Java2D's own edges. */
    private static final int OVERSAMPLING = 2;

    private final Identity who;
    private final Expression face;
    private final Scene scene;
    private final Graphics2D graphics;
    private final BufferedImage canvas;

    private FacePainter(Identity who, Expression face, Scene scene, int size) {
        this.who = who;
        this.face = face;
        this.scene = scene;
        canvas = new BufferedImage(size * OVERSAMPLING, size * OVERSAMPLING, BufferedImage.TYPE_INT_RGB);
        graphics = canvas.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        double half = size * OVERSAMPLING / 2.0;
        graphics.translate(half, half);
        graphics.scale(half, half);
    }

    /** A square RGB picture of the given width. The noise seed changes from frame to frame. */
    static BufferedImage paint(Identity who, Expression face, Scene scene, int size, long noiseSeed) {
        FacePainter painter = new FacePainter(who, face, scene, size);
        painter.background();
        painter.shoulders();
        painter.head();
        painter.graphics.dispose();
        return Lighting.develop(painter.canvas, OVERSAMPLING, scene, noiseSeed);
    }

    private void background() {
        graphics.setPaint(new GradientPaint(0, -1, scene.upper(), 0, 1, scene.lower()));
        graphics.fill(new Rectangle2D.Double(-1, -1, 2, 2));
    }

    private void shoulders() {
        AffineTransform before = graphics.getTransform();
        graphics.translate(scene.x() * 0.6, scene.y() * 0.6);
        graphics.setColor(who.clothes());
        graphics.fill(new Ellipse2D.Double(-0.95, 0.80, 1.9, 1.2));
        graphics.setColor(who.skin(0.82));
        graphics.fill(new RoundRectangle2D.Double(-0.24, 0.35, 0.48, 0.58, 0.3, 0.3));
        graphics.setTransform(before);
    }

    private void head() {
        AffineTransform before = graphics.getTransform();
        graphics.translate(scene.x(), scene.y());
        graphics.rotate(Math.toRadians(scene.roll()), 0, 0.45);
        graphics.scale(scene.scale(), scene.scale());
        double chin = who.height() + 0.10 * face.mouthOpen();
        Path2D outline = outline(chin);
        hairBehind();
        ears();
        skin(outline);
        beard(outline);
        new FeaturePainter(graphics, who, face, scene).paint();
        hairInFront(outline);
        graphics.setTransform(before);
    }

    private Path2D outline(double chin) {
        double w = who.width();
        double h = who.height();
        Path2D path = new Path2D.Double();
        path.moveTo(-w, -0.05);
        path.curveTo(-w, -h * 0.75, -w * 0.6, -h, 0, -h);
        path.curveTo(w * 0.6, -h, w, -h * 0.75, w, -0.05);
        path.curveTo(w, chin * 0.48, who.jaw() + 0.06, chin, 0, chin);
        path.curveTo(-who.jaw() - 0.06, chin, -w, chin * 0.48, -w, -0.05);
        path.closePath();
        return path;
    }

    private void skin(Path2D outline) {
        double x = 0.15 * scene.yaw();
        graphics.setPaint(new RadialGradientPaint((float) x, -0.05f, 0.95f, new float[] {0, 0.55f, 1}, new Color[] {
            who.skin(1.06), who.skin(1), who.skin(0.72)
        }));
        graphics.fill(outline);
    }

    private void ears() {
        double w = who.width();
        graphics.setColor(who.skin(0.86));
        // The ear on the side the head turns to disappears behind the cheek.
        double shift = 0.07 * scene.yaw();
        graphics.fill(new Ellipse2D.Double(-w - 0.07 - shift, -0.12, 0.15, 0.28));
        graphics.fill(new Ellipse2D.Double(w - 0.08 - shift, -0.12, 0.15, 0.28));
    }

    private void beard(Path2D outline) {
        if (who.beard() == 0) {
            return;
        }
        Area lower = new Area(outline);
        // What an ellipse over the upper face leaves is a crescent that runs out towards the ears.
        double cheeks = who.width() * 0.99;
        lower.subtract(new Area(new Ellipse2D.Double(-cheeks + 0.08 * scene.yaw(), -0.95, 2 * cheeks, 1.27)));
        graphics.setColor(translucent(who.brows(), who.beard()));
        graphics.fill(lower);
    }

    private void hairBehind() {
        double w = who.width();
        double h = who.height();
        graphics.setColor(darker(who.hair()));
        switch (who.hairStyle()) {
            case LONG -> graphics.fill(new RoundRectangle2D.Double(-w - 0.14, -h - 0.08, 2 * w + 0.28, 1.55, 1.0, 1.0));
            case CURLY -> {
                for (int i = 0; i <= 12; i++) {
                    double angle = Math.PI * (0.92 + 1.16 * i / 12);
                    double x = (w + 0.03) * Math.cos(angle);
                    double y = -0.1 + (h - 0.02) * Math.sin(angle);
                    graphics.fill(new Ellipse2D.Double(x - 0.15, y - 0.15, 0.3, 0.3));
                }
            }
            case SHORT, FRINGE -> graphics.fill(new Ellipse2D.Double(-w - 0.05, -h - 0.07, 2 * w + 0.1, 1.5 * h));
            case BALD -> {}
        }
    }

    /** The part of the head above a hair line; the line moves with the head's turn. */
    private void hairInFront(Path2D outline) {
        if (who.hairStyle() == Identity.Hair.BALD) {
            return;
        }
        double w = who.width();
        double h = who.height();
        double line = who.hairStyle() == Identity.Hair.FRINGE ? -0.36 : -0.50;
        double part = 0.3 * scene.yaw();
        Path2D front = new Path2D.Double();
        front.moveTo(-w - 0.1, -0.02);
        front.curveTo(-w * 0.98, -0.3, -w * 0.75, line, part - 0.1, line - 0.02);
        front.curveTo(w * 0.7, line, w * 0.98, -0.3, w + 0.1, -0.02);
        front.lineTo(w + 0.1, -h - 0.2);
        front.lineTo(-w - 0.1, -h - 0.2);
        front.closePath();
        Area hair = new Area(front);
        hair.intersect(new Area(grown(outline)));
        graphics.setPaint(new GradientPaint(0, (float) -h, who.hair(), 0, (float) line, darker(who.hair())));
        graphics.fill(hair);
    }

    private static Shape grown(Path2D outline) {
        return AffineTransform.getScaleInstance(1.05, 1.05).createTransformedShape(outline);
    }

    static Color translucent(Color color, double opacity) {
        return new Color(color.getRed(), color.getGreen(), color.getBlue(), (int) Math.round(255 * opacity));
    }

    static BasicStroke pen(double width) {
        return new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);
    }

    private static Color darker(Color color) {
        return new Color((int) (color.getRed() * 0.8), (int) (color.getGreen() * 0.8), (int) (color.getBlue() * 0.8));
    }
}
