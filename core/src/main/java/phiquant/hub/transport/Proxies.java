package phiquant.hub.transport;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * The proxies that the environment names, as Python's tools understand it: {@code http_proxy},
 * {@code https_proxy}, {@code all_proxy} and {@code no_proxy}, also in capitals.
 *
 * @param plain for http
 * @param secure for https
 * @param direct hosts that are asked directly, with those below them; {@code *}: all
 */
public record Proxies(Optional<URI> plain, Optional<URI> secure, List<String> direct) {
  public static Proxies of(Map<String, String> environment) {
    Optional<String> all = value(environment, "all_proxy");
    return new Proxies(
        value(environment, "http_proxy").or(() -> all).map(Proxies::address),
        value(environment, "https_proxy").or(() -> all).map(Proxies::address),
        value(environment, "no_proxy").stream()
            .flatMap(text -> Stream.of(text.split(",")))
            .map(host -> host.strip().toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", ""))
            .filter(host -> !host.isEmpty())
            .toList());
  }

  private static Optional<String> value(Map<String, String> environment, String name) {
    return Stream.of(name, name.toUpperCase(Locale.ROOT))
        .map(environment::get)
        .filter(text -> text != null && !text.isBlank())
        .findFirst();
  }

  private static URI address(String text) {
    try {
      URI address = URI.create(text.contains("://") ? text : "http://" + text);
      if (address.getHost() != null && address.getScheme().equals("http")) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      // Said below; the text may hold a password.
    }
    throw new UserError(
        "A proxy of the environment is no http address.", "It looks like http://host:3128.");
  }

  /** What asks for a connection's proxy. */
  public ProxySelector selector() {
    return new ProxySelector() {
      @Override
      public List<Proxy> select(URI target) {
        return proxy(target)
            .map(
                proxy ->
                    new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), port(proxy))))
            .or(() -> Optional.of(Proxy.NO_PROXY))
            .stream()
            .toList();
      }

      @Override
      public void connectFailed(URI target, SocketAddress proxy, IOException failure) {
        // The request fails with it.
      }
    };
  }

  /** The proxy on the way to an address. */
  public Optional<URI> proxy(URI target) {
    String host = target.getHost().toLowerCase(Locale.ROOT);
    boolean isDirect =
        direct.stream()
            .map(each -> each.replaceFirst(":" + target.getPort() + "$", ""))
            .anyMatch(each -> each.equals("*") || host.equals(each) || host.endsWith("." + each));
    return isDirect
        ? Optional.empty()
        : "https".equalsIgnoreCase(target.getScheme()) ? secure : plain;
  }

  /** Who answers a proxy that asks for a name and a password, if an address has them. */
  public Optional<Authenticator> authenticator() {
    return Stream.of(plain, secure).flatMap(Optional::stream).anyMatch(p -> p.getUserInfo() != null)
        ? Optional.of(new Credentials())
        : Optional.empty();
  }

  private static int port(URI proxy) {
    return proxy.getPort() < 0 ? 80 : proxy.getPort();
  }

  private final class Credentials extends Authenticator {
    @Override
    protected PasswordAuthentication getPasswordAuthentication() {
      return getRequestorType() != RequestorType.PROXY
          ? null
          : Stream.of(plain, secure)
              .flatMap(Optional::stream)
              .filter(proxy -> proxy.getHost().equalsIgnoreCase(getRequestingHost()))
              .filter(proxy -> proxy.getRawUserInfo() != null)
              .findFirst()
              .map(Credentials::credentials)
              .orElse(null);
    }

    private static PasswordAuthentication credentials(URI proxy) {
      String[] parts = proxy.getRawUserInfo().split(":", 2);
      return new PasswordAuthentication(
          decode(parts[0]), (parts.length > 1 ? decode(parts[1]) : "").toCharArray());
    }

    private static String decode(String text) {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }
  }
}
