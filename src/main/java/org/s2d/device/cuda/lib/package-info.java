/** NVIDIA's libraries: found where users have them, loaded, and bound where JCuda has no binding. */
@org.jspecify.annotations.NullMarked
package org.s2d.device.cuda.lib;
