package phiquant.engine.gguf.writer;

import java.util.List;

/** A value of GGUF's metadata, in the types that llama.cpp's converter writes. */
sealed interface Value {
  record U16(int value) implements Value {}

  record U32(long value) implements Value {}

  record I32(int value) implements Value {}

  record F32(float value) implements Value {}

  record Bool(boolean value) implements Value {}

  record Text(String value) implements Value {}

  record Texts(List<String> values) implements Value {}

  record Ints(int[] values) implements Value {}

  record Floats(float[] values) implements Value {}
}
