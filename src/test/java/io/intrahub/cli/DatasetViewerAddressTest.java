package io.intrahub.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.intrahub.config.EndpointOptions;
import io.intrahub.upstream.hub.EndpointSettings;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which dataset viewer belongs to an endpoint. */
class DatasetViewerAddressTest {
  private static Optional<EndpointSettings> derived(String hub) {
    return DatasetViewerAddress.of(
        Optional.empty(), List.of(EndpointSettings.trusted(URI.create(hub))));
  }

  @ParameterizedTest
  @CsvSource({
    "https://huggingface.co, https://datasets-server.huggingface.co, true",
    "http://huggingface.co, http://datasets-server.huggingface.co, false",
    "http://mirror.example:8090/hub, http://datasets-server.mirror.example:8090, false",
  })
  void it_is_derived_as_clients_do_and_only_the_hubs_own_receives_tokens(
      String hub, URI viewer, boolean receivesTokens) {
    assertThat(derived(hub)).hasValue(new EndpointSettings(viewer, true, receivesTokens));
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://127.0.0.1:8090", "http://[::1]:8090"})
  void an_address_without_a_name_has_none(String hub) {
    assertThat(derived(hub)).isEmpty();
  }

  @Test
  void the_operators_choice_goes_first_and_receives_tokens_if_the_operator_says_so() {
    URI viewer = URI.create("http://viewer.example");
    EndpointOptions given = new EndpointOptions(viewer, Optional.empty(), Optional.of(true));
    assertThat(
            DatasetViewerAddress.of(
                Optional.of(given),
                List.of(EndpointSettings.trusted(URI.create("https://huggingface.co")))))
        .hasValue(new EndpointSettings(viewer, true, true));
  }
}
