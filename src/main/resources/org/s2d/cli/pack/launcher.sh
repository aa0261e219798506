#!/bin/sh
# Starts the packed program on the Java runtime beside it.
home="$(dirname "$(readlink -f "$0")")"

# GCTimeRatio: a small Java heap, since tensors lie outside it.
# shellcheck disable=SC2086 # S2D_JAVA_OPTS is a list of options
exec "$home/runtime/bin/java" --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED -Djava.awt.headless=true \
    -XX:+UseParallelGC -XX:GCTimeRatio=19 ${S2D_JAVA_OPTS:-} -cp "$home/lib/*" org.s2d.cli.Main "$@"
