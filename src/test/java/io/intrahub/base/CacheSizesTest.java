package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheSizesTest {
  /** Signed addresses, see {@code upstream.Locations}. */
  private static final long LOCATIONS = 8L << 20;

  /** Failed listings, durable folders and contents that came wrong: a few thousand things. */
  private static final long FIXED = 3L << 20;

  @ParameterizedTest(name = "{0} MiB")
  @ValueSource(longs = {192, 512, 4096})
  void all_caches_together_stay_below_a_quarter_of_the_heap(long mib) {
    long heap = mib << 20;
    assertThat(CacheSizes.ofHeap(heap).total() + LOCATIONS + FIXED).isLessThan(heap / 4);
  }
}
