package phiquant.model;

import java.util.function.Consumer;

/**
 * What the values between a network's verbs are called. Who measures them and who makes a graph of
 * them walk the same network, so that a value has the same name for both.
 */
public final class ValueNames implements Flow<String> {
  private final Consumer<String> each;

  /** Tells each name as the network is walked. */
  public ValueNames(Consumer<String> each) {
    this.each = each;
  }

  /** Those of a whole network. */
  public static void of(Network network, Consumer<String> each) {
    ValueNames names = new ValueNames(each);
    network.logits(network.stream(names), names);
  }

  /** What a product gives, before anything is added. */
  public static String product(Linear linear) {
    return "product " + linear.weights().getFirst().name();
  }

  /** What heads give, one beside the other. */
  public static String attention(int layer) {
    return "attention " + layer;
  }

  /** Queries as they are rotated. */
  public static String queries(int layer) {
    return "attention " + layer + " queries";
  }

  /** Keys as they are rotated and remembered. */
  public static String keys(int layer) {
    return "attention " + layer + " keys";
  }

  /** Values as they are remembered. */
  public static String values(int layer) {
    return "attention " + layer + " values";
  }

  /** Products of queries and keys, times what scores are multiplied with. */
  public static String scores(int layer) {
    return "attention " + layer + " scores";
  }

  /** What a verb's constant is called: as its weight. */
  public static String constant(Weight weight) {
    return "weight " + weight.name();
  }

  @Override
  public String embed(Weight table) {
    return told("embedded");
  }

  @Override
  public String norm(Norm norm, String x) {
    told(constant(norm.weight()));
    return told("norm " + norm.weight().name());
  }

  @Override
  public String linear(Linear linear, String x) {
    return told(product(linear));
  }

  @Override
  public String attend(Attention attention, String qkv, int layer) {
    told(queries(layer));
    told(keys(layer));
    told(values(layer));
    told(scores(layer));
    return told(attention(layer));
  }

  @Override
  public String gate(Mlp mlp, String gateUp) {
    return told(gateUp + ", gated");
  }

  @Override
  public String experts(Experts experts, String x, String scores) {
    return told(x + ", by experts");
  }

  @Override
  public String activate(Activation activation, String x) {
    return told(x + ", activated");
  }

  @Override
  public String add(String stream, String branch) {
    return told(branch + ", added");
  }

  @Override
  public String head(Linear head, String x) {
    return told("logits");
  }

  private String told(String name) {
    each.accept(name);
    return name;
  }
}
