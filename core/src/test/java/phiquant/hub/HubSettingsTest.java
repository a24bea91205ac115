package phiquant.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.hub.transport.HubSettings;
import phiquant.hub.transport.HubToken;

/**
 * What the environment means. Expected are the values that huggingface_hub 2.4.0's {@code
 * constants.py} and {@code validate_repo_id}, and Python's {@code urllib.request.proxy_bypass},
 * have for it.
 */
class HubSettingsTest {
  private static final String HOME = System.getProperty("user.home");

  @TempDir Path folder;

  private static Map<String, String> environment(String text) {
    Map<String, String> environment = new HashMap<>();
    for (String one : text.split(" ")) {
      String[] parts = one.split("=", 2);
      environment.put(parts[0], parts[1]);
    }
    return environment;
  }

  @ParameterizedTest
  @CsvSource({
    "A=b, HOME/.cache/huggingface/hub",
    "XDG_CACHE_HOME=/x, /x/huggingface/hub",
    "HF_HOME=/h XDG_CACHE_HOME=/x, /h/hub",
    "HF_HOME=~/h, HOME/h/hub",
    "HF_HOME=/h HUGGINGFACE_HUB_CACHE=/old, /old",
    "HF_HUB_CACHE=$BASE/c HUGGINGFACE_HUB_CACHE=/old BASE=/b, /b/c",
  })
  void theCacheIsWhereTheClientHasIt(String text, String expected) {
    assertThat(HubSettings.of(environment(text)).cache())
        .isEqualTo(Path.of(expected.replace("HOME", HOME)));
  }

  @Test
  void theTokenIsTheEnvironmentsOrTheFiles() throws Exception {
    Files.writeString(folder.resolve("token"), "hf_file\r\n");
    Map<String, String> environment = environment("HF_HOME=" + folder);
    HubToken token = HubSettings.of(environment).token().orElseThrow();
    assertThat(token.secret()).isEqualTo("hf_file");
    assertThat(token.toString()).doesNotContain("hf_file");
    environment.put("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    assertThat(HubSettings.of(environment).token()).isEmpty();
    environment.put("HF_TOKEN", " hf_own\n");
    assertThat(HubSettings.of(environment).token().orElseThrow().secret()).isEqualTo("hf_own");
    environment.put("HF_TOKEN", "hf_own\u00e9");
    assertThatThrownBy(() -> HubSettings.of(environment))
        .isInstanceOf(UserError.class)
        .hasMessageNotContaining("hf_own");
  }

  @ParameterizedTest
  @ValueSource(strings = {"huggingface.co", "file:///x", "http://", "::"})
  void anEndpointThatIsNoAddressIsRefused(String text) {
    assertThatThrownBy(() -> HubSettings.of(Map.of("HF_ENDPOINT", text)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("HF_ENDPOINT is '" + text + "'");
  }

  @ParameterizedTest
  @CsvSource({
    "http_proxy=http://p:1, http://hub.example/, http://p:1",
    "http_proxy=http://p:1, https://hub.example/, ''",
    "HTTPS_PROXY=p:1, https://hub.example/, http://p:1",
    "ALL_PROXY=http://p:1, https://hub.example/, http://p:1",
    "ALL_PROXY=http://p:1 NO_PROXY=example, https://hub.example/, ''",
    "ALL_PROXY=http://p:1 NO_PROXY=.example, https://hub.example/, ''",
    "ALL_PROXY=http://p:1 NO_PROXY=*, https://hub.example/, ''",
    "ALL_PROXY=http://p:1 NO_PROXY=ub.example, https://hub.example/, http://p:1",
  })
  void aProxyIsTakenUnlessTheHostIsToBeAskedDirectly(String text, URI target, String expected) {
    assertThat(
            HubSettings.of(environment(text)).proxies().proxy(target).map(URI::toString).orElse(""))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/b", "microsoft/Phi-4-mini-instruct", "a_b/c.d-e", "0/1"})
  void aNameIsWhatTheClientTakesForOne(String text) {
    assertThat(HubName.of(Path.of(text))).contains(new HubName(text, "main"));
    assertThat(HubName.of(Path.of(text + "@v1.0"))).contains(new HubName(text, "v1.0"));
    assertThat(HubName.of(Path.of(text + "@refs/pr/1"))).contains(new HubName(text, "refs/pr/1"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a",
        "a/b/c",
        "/a/b",
        "./a/b",
        "../a",
        "a/-b",
        "a/b.",
        "a--b/c",
        "a/b..c",
        "a/b c",
        "a/b.gguf",
        "a/b.git",
        "a/b@",
        "a/b@../x",
        "core/nothing",
      })
  void whatIsNoNameIsAPath(String text) {
    assertThat(HubName.of(Path.of(text))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/a", "a/../b", "..", "a\\b", "a//b", "C:x", "a\u0000", "a/"})
  void aPathThatLeadsOutOfItsFolderIsNone(String path) {
    assertThat(HubModel.isSafe(path)).isFalse();
  }
}
