package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/** Clients that send slowly, do not read or hang up hold neither the model nor others for long. */
class SlowClientsIT {
  private static final String LONG = stream(2000);

  private static String stream(int tokens) {
    String asked = "{\"prompt\": \"Hi\", \"max_tokens\": %d, \"stream\": true}";
    return RawClient.post("/v1/completions", RawClient.JSON, asked.formatted(tokens));
  }

  private static Session session;
  private static Server server;

  @BeforeAll
  static void start() {
    session =
        Session.open(
            Checkpoints.open(Fixtures.tinyPhi35Mini()), RunOptions.exact(), OptionalInt.of(2048));
    server =
        Server.start(
            session,
            new Server.Settings("tiny", "127.0.0.1", 0, 3, 1 << 20, Sampling.GREEDY),
            new Patience(Duration.ofSeconds(2), Duration.ofSeconds(1), 16));
  }

  @AfterAll
  static void stop() {
    server.close();
    session.close();
  }

  private static int requests() throws IOException {
    try (RawClient client = new RawClient(server)) {
      return client
          .send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
          .response()
          .json()
          .path("requests")
          .asInt();
    }
  }

  /** Two minutes at most, for machines with much else to do. */
  private static void awaitRequests(int expected) throws Exception {
    for (int i = 0; i < 1200 && requests() != expected; i++) {
      Thread.sleep(100);
    }
    assertThat(requests()).isEqualTo(expected);
  }

  /** A byte now and then, until the server has enough. */
  private static RawClient.Response trickle(String head, String drop) throws Exception {
    try (RawClient client = new RawClient(server)) {
      client.send(head);
      try {
        for (int i = 0; i < 30; i++) {
          Thread.sleep(100);
          client.send(drop);
        }
      } catch (SocketException e) {
        // Closed.
      }
      return client.response();
    }
  }

  @Test
  void aRequestHasATimeToArriveHoweverItComes() throws Exception {
    String head = "GET /health HTTP/1.1\r\nHost: localhost\r\nX: ";
    assertThat(trickle(head, "a").message()).isEqualTo("The request did not arrive in time.");
    String body =
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
            + RawClient.JSON
            + "\r\n";
    RawClient.Response late = trickle(body, " ");
    assertThat(late.status()).isEqualTo(408);
    assertThat(late.message()).isEqualTo("The body did not arrive in time.");
    try (RawClient silent = new RawClient(server)) {
      assertThat(silent.response().text()).isEmpty();
    }
    try (RawClient partly = new RawClient(server)) {
      assertThat(partly.send(body).response().status()).isEqualTo(408);
    }
  }

  @Test
  void crowdsThatSayNothingAreReplacedByThoseWhoAsk() throws Exception {
    List<RawClient> crowd = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      crowd.add(new RawClient(server));
    }
    assertThat(requests()).as("answered after the crowd's time is over").isZero();
    for (RawClient client : crowd) {
      client.close();
    }
  }

  @Test
  void whoDoesNotReadIsDroppedAndTheModelIsFree() throws Exception {
    try (RawClient deaf = new RawClient(server, 4096)) {
      deaf.send(LONG);
      awaitRequests(1);
      awaitRequests(0);
      Thread.sleep(1500);
      // The whole answer has 400 KB, several times what the systems' buffers hold.
      assertThat(deaf.response().text()).doesNotContain("[DONE]");
    }
  }

  @Test
  void whoHangsUpWhileWaitingLeavesThePlace() throws Exception {
    List<RawClient> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(new RawClient(server).send(LONG));
      awaitRequests(i + 1);
    }
    try (RawClient tooMany = new RawClient(server)) {
      assertThat(tooMany.send(LONG).response().status()).isEqualTo(503);
    }
    clients.get(1).close();
    clients.get(2).close();
    awaitRequests(2);
    clients.get(0).close();
    clients.get(3).close();
    awaitRequests(0);
  }

  /** A third of a minute of what the other tests do once; by hand it was ten minutes. */
  @Test
  void abuseLeavesNothingBehind() throws Exception {
    abuse(Duration.ofSeconds(3)); // Until everything is loaded.
    long heap = heap();
    int threads = Thread.getAllStackTraces().size();
    abuse(Duration.ofSeconds(Long.getLong("phiquant.abuse.seconds", 5)));
    awaitRequests(0);
    Thread.sleep(2500);
    assertThat(heap() - heap).as("bytes kept").isLessThan(10 << 20);
    assertThat(Thread.getAllStackTraces().size()).as("threads").isLessThanOrEqualTo(threads + 8);
  }

  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void abuse(Duration time) throws Exception {
    long end = System.nanoTime() + time.toNanos();
    List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    List<Thread> clients = new ArrayList<>();
    for (int seed = 0; seed < 12; seed++) {
      Random dice = new Random(seed);
      clients.add(
          Thread.startVirtualThread(
              () -> {
                while (System.nanoTime() < end) {
                  harm(dice, wrong);
                }
              }));
    }
    for (Thread client : clients) {
      client.join();
    }
    assertThat(wrong).isEmpty();
  }

  private static void harm(Random dice, List<String> wrong) {
    byte[] noise = new byte[dice.nextInt(2000)];
    dice.nextBytes(noise);
    String nonsense = new String(noise, StandardCharsets.ISO_8859_1);
    String post =
        dice.nextBoolean()
            ? stream(dice.nextInt(1, 20))
            : RawClient.post("/v1/completions", RawClient.JSON, "{\"prompt\": " + nonsense);
    int cut = dice.nextInt(post.length());
    String sent =
        switch (dice.nextInt(5)) {
          case 0 -> nonsense;
          case 1 -> post.substring(0, cut);
          case 2 -> post.substring(0, cut) + nonsense + post.substring(cut);
          case 3 -> "GET /" + nonsense + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
          default -> post;
        };
    try (RawClient client = new RawClient(server, dice.nextBoolean() ? 4096 : 0)) {
      client.send(sent);
      if (dice.nextBoolean()) {
        Thread.sleep(dice.nextInt(100));
      } else {
        String answer = client.end().response().text();
        if (answer.matches("(?s)HTTP/1.1 500.*|.*[a-z]Exception.*")) {
          wrong.add(answer);
        }
      }
    } catch (IOException | InterruptedException e) {
      // Hung up, which both sides may do.
    }
  }
}
