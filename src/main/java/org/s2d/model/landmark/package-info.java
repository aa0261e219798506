/** Frozen facial-landmark networks, whose feature maps prompt S2D: MobileFaceNet, MobileNetV2-GDConv and PFLD. */
@org.jspecify.annotations.NullMarked
package org.s2d.model.landmark;
