package phiquant.engine.gguf.writer;

import java.util.List;

/** A value of GGUF's metadata, in the types that llama.cpp's converter writes. */
sealed interface MetadataValue {
  record U16(int value) implements MetadataValue {}

  record U32(long value) implements MetadataValue {}

  record I32(int value) implements MetadataValue {}

  record F32(float value) implements MetadataValue {}

  record Bool(boolean value) implements MetadataValue {}

  record Text(String value) implements MetadataValue {}

  record Texts(List<String> values) implements MetadataValue {}

  record Ints(int[] values) implements MetadataValue {}

  record Floats(float[] values) implements MetadataValue {}
}
