/// Matrix and attention kernels behind one seam, and the memory and threads they run on. Needs only the JDK.
///
/// Run with `--enable-native-access=dev.redoubt.kernels`: kernels address memory directly and KV memory is
/// mapped by the system's own calls. The Vector API is an incubator module, so the JVM prints one warning line
/// at start.
module dev.redoubt.kernels {
    requires static org.jspecify;
    requires jdk.incubator.vector;

    exports dev.redoubt.kernels;
}
