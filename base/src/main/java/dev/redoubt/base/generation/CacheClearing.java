package dev.redoubt.base.generation;

/// What became of the cached blocks of a tenant: nobody finds one of them again.
///
/// @param blocksZeroed nobody held them; they are zero
/// @param blocksInUse running requests hold them; each is zeroed when its last request ends
public record CacheClearing(int blocksZeroed, int blocksInUse) {
    public static final CacheClearing NOTHING = new CacheClearing(0, 0);

    public CacheClearing plus(CacheClearing other) {
        return new CacheClearing(blocksZeroed + other.blocksZeroed, blocksInUse + other.blocksInUse);
    }
}
