/// Matrix and attention kernels behind one seam, and the memory and threads they run on. Needs only the JDK.
module dev.redoubt.kernels {
    requires static org.jspecify;
    requires jdk.incubator.vector;

    exports dev.redoubt.kernels;
}
