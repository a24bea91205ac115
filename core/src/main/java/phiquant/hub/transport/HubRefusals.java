package phiquant.hub.transport;

import java.io.IOException;
import java.util.Optional;
import phiquant.UserError;

/**
 * What a refusal of the hub means, and what to do about it. The hub answers 401 also for what does
 * not exist, and says which in {@code X-Error-Code} (huggingface_hub's {@code _http.py}).
 */
public final class HubRefusals {
  private HubRefusals() {}

  /** The error that an answer without success is. */
  public static UserError of(Ask ask, Transport.Reply reply, Optional<HubToken> token) {
    String code = reply.headers().firstValue("X-Error-Code").orElse("");
    String what = ask.what();
    if (code.equals("GatedRepo")) {
      return new UserError(
          what + " is gated: its owner wants terms to be accepted first.",
          token.isEmpty()
              ? "Accept them on its page, then set HF_TOKEN, or log in with hf auth login."
              : "Accept them on its page, with the account of the " + token.get() + ".");
    }
    if (code.equals("RevisionNotFound")) {
      return new UserError(what + " has no such revision.");
    }
    if (code.equals("EntryNotFound")) {
      return new UserError(what + " is not there any more.");
    }
    boolean unknown = code.equals("RepoNotFound") || reply.status() == 404;
    if (reply.status() == 401 && token.isPresent() && !unknown) {
      return new UserError(
          "The hub does not accept the " + token.get() + ".",
          "Make another on the hub's page of settings, or unset it.");
    }
    if (unknown || reply.status() == 401) {
      return new UserError(
          what + " does not exist on the hub, or is not to be seen by everybody.",
          token.isEmpty()
              ? "Check the name; for a private model set HF_TOKEN, or log in with hf auth login."
              : "Check the name, and what the " + token.get() + " may read.");
    }
    if (reply.status() == 403) {
      return new UserError(
          what + ": the hub forbids it.",
          token.isEmpty()
              ? "Set HF_TOKEN, or log in with hf auth login."
              : "The " + token.get() + " may not do this; make one that may.");
    }
    return new UserError(what + ": the hub answers with status " + reply.status() + ".");
  }

  /** Says that all attempts have failed. */
  public static UserError failed(String what, IOException failure, boolean alone) {
    String reason = failure.getMessage() == null ? "nobody answers" : failure.getMessage();
    return alone
        ? new UserError(
            what + " is not here, and the hub cannot be reached: " + reason + ".",
            "Check the connection, the proxies and HF_ENDPOINT; what is in the cache needs none.")
        : new UserError(
            what + ": the hub does not answer as it should: " + reason + ".",
            "Try again later, and check the proxies and HF_ENDPOINT.");
  }

  public static UserError offline(String what) {
    return new UserError(
        what + " is not in the cache, or not whole, and HF_HUB_OFFLINE forbids to ask the hub.",
        "Unset it, or give a folder.");
  }

  /** Says that something else came than was asked for, such as a network's page to log in. */
  public static UserError notTheHub(String what, Transport.Reply reply) {
    String type = reply.headers().firstValue("Content-Type").orElse("nothing");
    return new UserError(
        "%s: what answers is no hub; it sent %s."
            .formatted(what, type.split(";")[0].replaceAll("[^\\w/+.-]", "")),
        "Check HF_ENDPOINT and the proxies; a network's page to log in may stand between.");
  }
}
