package org.s2d.weights;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.UserException;

/**
 * The pickle machine (protocols 0 to 5, the opcodes that PyTorch writes): a stack, a memo, and values that are only
 * data. A name in the stream is looked up in the fixed table of {@link PickleGlobals}; any other name ends the reading.
 * Nothing is imported and nothing runs. Work and memory are bounded by {@link PickleBudget}.
 */
final class Pickle {
    private static final Object MARK = new Object();

    private final PickleInput in;
    private final PickleGlobals globals;
    private final PickleBudget budget;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();

    /** Reads from a position of {@code bytes}, which carries the file's name for complaints. */
    Pickle(SourceFile bytes, long position, PickleGlobals globals, PickleBudget budget) {
        this.in = new PickleInput(bytes, position, budget);
        this.globals = globals;
        this.budget = budget;
    }

    /** Where the next byte after the pickle lies. */
    long position() {
        return in.position();
    }

    /** Runs to STOP and returns the value; may be called again when several pickles follow each other. */
    Object read() {
        stack.clear();
        memo.clear();
        while (true) {
            budget.step();
            int op = in.u8();
            if (op == '.') {
                Object value = pop();
                if (!stack.isEmpty()) {
                    throw malformed("values left over");
                }
                return value;
            }
            if (!scalar(op) && !container(op) && !memory(op) && !object(op)) {
                throw malformed("unknown or unsupported opcode 0x" + Integer.toHexString(op));
            }
        }
    }

    private boolean scalar(int op) {
        switch (op) {
            case 'N' -> push(PyNone.NONE);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'K' -> push((long) in.u8());
            case 'M' -> push((long) in.u16());
            case 'J' -> push((long) (int) in.u32());
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(in.u64())));
            case 0x8a -> push(in.integer(in.payload(in.u8())));
            case 0x8b -> push(in.integer(in.payload(in.u32())));
            case 'I', 'L' -> push(in.textInteger(in.line()));
            case 'F' -> push(in.textDouble(in.line()));
            case 'X' -> push(PickleInput.text(in.payload(in.u32())));
            case 0x8c -> push(PickleInput.text(in.payload(in.u8())));
            case 0x8d -> push(PickleInput.text(in.payload(in.u64())));
            case 'U' -> push(PickleInput.oldText(in.payload(in.u8())));
            case 'T' -> push(PickleInput.oldText(in.payload(in.u32())));
            case 'B' -> push(in.payload(in.u32()));
            case 'C' -> push(in.payload(in.u8()));
            case 0x8e, 0x96 -> push(in.payload(in.u64()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean container(int op) {
        switch (op) {
            case '(' -> push(MARK);
            case ')' -> push(PyTuple.of());
            case 't' -> push(new PyTuple(popToMark()));
            case 0x85 -> push(new PyTuple(popMany(1)));
            case 0x86 -> push(new PyTuple(popMany(2)));
            case 0x87 -> push(new PyTuple(popMany(3)));
            case ']', 0x8f -> push(new ArrayList<>());
            case 'l' -> push(popToMark());
            case 0x91 -> push(new PyTuple(popToMark()));
            case '}' -> push(new LinkedHashMap<>());
            case 'd' -> {
                List<Object> items = popToMark();
                push(new LinkedHashMap<>());
                putAll(items);
            }
            case 'a' -> appendAll(popMany(1));
            case 'e', 0x90 -> appendAll(popToMark());
            case 's' -> putAll(popMany(2));
            case 'u' -> putAll(popToMark());
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean memory(int op) {
        switch (op) {
            case 0x80 -> {
                int protocol = in.u8();
                if (protocol > 5) {
                    throw malformed("protocol " + protocol + ", expected at most 5");
                }
            }
            case 0x95 -> in.u64(); // a frame's length: only a hint for buffering
            case 'q' -> memo.put((long) in.u8(), top());
            case 'r' -> memo.put(in.u32(), top());
            case 'p' -> memo.put(in.memoIndex(), top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> push(recall(in.u8()));
            case 'j' -> push(recall(in.u32()));
            case 'g' -> push(recall(in.memoIndex()));
            case '0' -> popAny();
            case '1' -> popToMark();
            case '2' -> push(top());
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean object(int op) {
        switch (op) {
            case 'c' -> {
                String module = in.line();
                push(globals.find(module, in.line()));
            }
            case 0x93 -> {
                Object name = pop();
                Object module = pop();
                if (!(module instanceof String m && name instanceof String n)) {
                    throw malformed("a global whose name is not text");
                }
                push(globals.find(m, n));
            }
            case 'R', 0x81 -> {
                List<Object> arguments = list(pop());
                push(globals.call(pop(), arguments));
            }
            case 0x92 -> {
                Object keywords = pop();
                List<Object> arguments = list(pop());
                if (!(keywords instanceof Map<?, ?> map) || !map.isEmpty()) {
                    throw malformed("an object built with keyword arguments");
                }
                push(globals.call(pop(), arguments));
            }
            case 'i' -> {
                String module = in.line();
                Object global = globals.find(module, in.line());
                push(globals.call(global, popToMark()));
            }
            case 'o' -> {
                List<Object> items = popToMark();
                if (items.isEmpty()) {
                    throw malformed("an object without a class");
                }
                push(globals.call(items.getFirst(), items.subList(1, items.size())));
            }
            case 'b' -> {
                Object state = pop();
                globals.setState(top(), state);
            }
            case 'Q' -> push(globals.storage(pop()));
            default -> {
                return false;
            }
        }
        return true;
    }

    // Stack

    private void push(Object value) {
        stack.add(value);
    }

    private Object popAny() {
        if (stack.isEmpty()) {
            throw malformed("stack underflow");
        }
        return stack.removeLast();
    }

    private Object pop() {
        Object value = popAny();
        if (value == MARK) {
            throw malformed("a mark in place of a value");
        }
        return value;
    }

    private Object top() {
        if (stack.isEmpty() || stack.getLast() == MARK) {
            throw malformed("stack underflow");
        }
        return stack.getLast();
    }

    private List<Object> popMany(int count) {
        Object[] items = new Object[count];
        for (int i = count - 1; i >= 0; i--) {
            items[i] = pop();
        }
        return new ArrayList<>(Arrays.asList(items));
    }

    private List<Object> popToMark() {
        int mark = stack.size() - 1;
        while (mark >= 0 && stack.get(mark) != MARK) {
            mark--;
        }
        if (mark < 0) {
            throw malformed("a missing mark");
        }
        List<Object> items = new ArrayList<>(stack.subList(mark + 1, stack.size()));
        stack.subList(mark, stack.size()).clear();
        return items;
    }

    private Object recall(long index) {
        Object value = memo.get(index);
        if (value == null) {
            throw malformed("memo entry " + index + " was never set");
        }
        return value;
    }

    private void appendAll(List<Object> items) {
        if (!(top() instanceof ArrayList<?>)) {
            throw malformed("items appended to something that is not a list");
        }
        list(top()).addAll(items);
    }

    private void putAll(List<Object> items) {
        if (items.size() % 2 != 0) {
            throw malformed("a dictionary entry without a value");
        }
        Map<Object, Object> map = globals.map(top());
        for (int i = 0; i < items.size(); i += 2) {
            globals.put(map, items.get(i), items.get(i + 1));
        }
    }

    @SuppressWarnings("unchecked") // every list that this machine makes holds Objects
    private List<Object> list(Object value) {
        if (value instanceof List<?> list) {
            return (List<Object>) list;
        }
        throw malformed("arguments that are not a tuple");
    }

    private UserException malformed(String what) {
        return in.malformed(what);
    }
}
