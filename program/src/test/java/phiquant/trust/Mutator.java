package phiquant.trust;

/** Changes something about an input, and notes there what it was. */
interface Mutator {
  void mutate(Input input, Dice dice);
}
