package dev.redoubt.kernels;

import java.util.ArrayList;
import java.util.List;

/// Who computes: which providers there are, and which one `auto` takes on this machine.
public final class Providers {
    /// What `--kernels` takes.
    public static final List<String> NAMES = List.of("auto", "scalar", "vector", "native");

    private static final String NATIVE = "native";

    private Providers() {}

    /// @throws IllegalArgumentException if there is no such provider, or not here, with the reason
    static Kernels open(String name, int rowsMax, int columnsMax) {
        return switch (name) {
            case "scalar" -> new ScalarKernels(rowsMax, columnsMax);
            case "vector" -> new VectorKernels(rowsMax, columnsMax, "");
            case "auto" -> best(NativeLibrary.find(), rowsMax, columnsMax);
            default -> openNative(name, rowsMax, columnsMax);
        };
    }

    /// What `auto` takes; it says why where that is slow.
    static Kernels best(NativeLibrary.Found found, int rowsMax, int columnsMax) {
        return switch (found) {
            case NativeLibrary.Found.Present(NativeLibrary library) ->
                new NativeKernels(library, library.sets().getFirst(), rowsMax, columnsMax);
            case NativeLibrary.Found.Absent(String reason) ->
                new VectorKernels(rowsMax, columnsMax, "; native ones are not there: " + reason);
        };
    }

    private static Kernels openNative(String name, int rowsMax, int columnsMax) {
        if (!name.equals(NATIVE) && !name.startsWith(NATIVE + "-"))
            throw new IllegalArgumentException("kernel provider '" + name + "', known are " + String.join(", ", NAMES));
        return switch (NativeLibrary.find()) {
            case NativeLibrary.Found.Absent(String reason) ->
                throw new IllegalArgumentException("native kernels are not there: " + reason);
            case NativeLibrary.Found.Present(NativeLibrary library) -> {
                InstructionSet set = name.equals(NATIVE) ? library.sets().getFirst() : set(library, name);
                yield new NativeKernels(library, set, rowsMax, columnsMax);
            }
        };
    }

    private static InstructionSet set(NativeLibrary library, String name) {
        for (InstructionSet set : library.sets()) if (name.equals(NATIVE + "-" + set.symbol())) return set;
        List<String> present =
                library.sets().stream().map(set -> NATIVE + "-" + set.symbol()).toList();
        throw new IllegalArgumentException(
                "kernel provider '" + name + "', this machine has " + String.join(", ", present));
    }

    /// The names of those that this machine has, `auto` left out.
    public static List<String> present() {
        boolean found = NativeLibrary.find() instanceof NativeLibrary.Found.Present;
        return found ? List.of("scalar", "vector", NATIVE) : List.of("scalar", "vector");
    }

    /// Every provider of this machine that must give the bits of `scalar`, one for each instruction set.
    public static List<String> fast() {
        List<String> names = new ArrayList<>(List.of("vector"));
        if (NativeLibrary.find() instanceof NativeLibrary.Found.Present(NativeLibrary library))
            for (InstructionSet set : library.sets()) names.add(NATIVE + "-" + set.symbol());
        return names;
    }

    /// What the native kernels are here, or why they are not: for people.
    public static String nativeKernels() {
        return switch (NativeLibrary.find()) {
            case NativeLibrary.Found.Absent(String reason) -> reason;
            case NativeLibrary.Found.Present(NativeLibrary library) ->
                "this processor runs "
                        + String.join(
                                ", ",
                                library.sets().stream()
                                        .map(InstructionSet::title)
                                        .toList())
                        + "; built with " + library.compiler() + ", SHA-256 " + library.digest();
        };
    }
}
