package io.intrahub.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CacheSizesTest {
  @ParameterizedTest(name = "{0} MiB")
  @ValueSource(longs = {512, 1024, 4096})
  void all_caches_together_stay_below_a_quarter_of_the_heap(long mib) {
    long heap = mib << 20;
    assertThat(CacheSizes.ofHeap(heap).total() + FixedCaches.total()).isLessThan(heap / 4);
  }
}
