/// What the prompt screen costs a request. Run [dev.redoubt.bench.screen.ScreenBench]; it prints one table.
@NullMarked
package dev.redoubt.bench.screen;

import org.jspecify.annotations.NullMarked;
