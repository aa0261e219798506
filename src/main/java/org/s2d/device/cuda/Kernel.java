package org.s2d.device.cuda;

/** An entry point, loaded. */
public record Kernel(String name, long function, LaunchContract contract) {}
