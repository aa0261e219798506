package org.s2d.device.cuda;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Machine code of one file of kernels: an ELF file with a section {@code .text.NAME} for each entry point, of instructions of
 * 16 bytes whose lowest 12 bits are the operation. Toolkits need not have cuobjdump.
 */
record Cubin(Map<String, ByteBuffer> code) {
    /** HMMA, the product of two tiles by a tensor core, in sm_80 to sm_90a. */
    static final int TENSOR_CORE_PRODUCT = 0x23c;

    private static final String TEXT = ".text.";
    private static final int INSTRUCTION_BYTES = 16;

    static Cubin read(Path file) throws IOException {
        ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int headers = Math.toIntExact(elf.getLong(40));
        int size = elf.getShort(58);
        int count = elf.getShort(60) & 0xffff;
        int names = (int) elf.getLong(headers + (elf.getShort(62) & 0xffff) * size + 24);
        Map<String, ByteBuffer> code = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            int header = headers + i * size;
            String name = string(elf, names + elf.getInt(header));
            if (name.startsWith(TEXT)) {
                int from = (int) elf.getLong(header + 24);
                int bytes = (int) elf.getLong(header + 32);
                code.put(name.substring(TEXT.length()), elf.slice(from, bytes).order(ByteOrder.LITTLE_ENDIAN));
            }
        }
        return new Cubin(code);
    }

    /** How often an entry point has an operation. */
    int count(String entryPoint, int operation) {
        ByteBuffer instructions = Objects.requireNonNull(code.get(entryPoint), entryPoint);
        int found = 0;
        for (int at = 0; at < instructions.limit(); at += INSTRUCTION_BYTES) {
            found += (instructions.getShort(at) & 0xfff) == operation ? 1 : 0;
        }
        return found;
    }

    private static String string(ByteBuffer bytes, int from) {
        StringBuilder text = new StringBuilder();
        for (int at = from; bytes.get(at) != 0; at++) {
            text.append((char) bytes.get(at));
        }
        return text.toString();
    }
}
