package phiquant.engine.openvino.reader;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.UserError;
import phiquant.engine.Checkpoints;

/** IRs that lie, with a .bin of 64 bytes: each is refused with one sentence that names the fact. */
class HostileIrTest {
  @TempDir Path folder;

  /** An XML, and a word of the message. */
  record Case(String xml, String says) {}

  static Stream<Case> files() {
    return Stream.of(
        new Case("", "well-formed"),
        new Case("<net version=\"11\"><layers>", "well-formed"),
        new Case("{\"not\": \"xml\"}", "well-formed"),
        new Case("<html/>", "no layers"),
        new Case("<net version=\"7\"/>", "version 7"),
        new Case("<net version=\"11\"><layers><layer id=\"0\"/></layers></net>", "no name"),
        new Case(
            "<!DOCTYPE net [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><net version=\"11\"/>",
            "document type"),
        new Case(
            "<!DOCTYPE net [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>"
                + "<net name=\"&b;\" version=\"11\"/>",
            "document type"),
        new Case(ir(constant("w.weight", "f32", "4, 4", "0", "64") + same()), "two layers"),
        new Case(ir(constant("w.weight", "f32", "4, 4", "1", "64")), "lies at 1 and has 64 bytes"),
        new Case(ir(constant("w.weight", "f32", "4, 4", "9223372036854775807", "64")), "lies at"),
        new Case(ir(constant("w.weight", "f32", "4, 4", "-1", "64")), "no size"),
        new Case(ir(constant("w.weight", "f32", "4, 4", "99999999999999999999", "64")), "no size"),
        new Case(ir(constant("w.weight", "f32", "4, 4", "0", "32")), "takes 64"),
        new Case(ir(constant("w.weight", "f32", "4, -4", "0", "64")), "shape '-4'"),
        new Case(ir(constant("w.weight", "f32", "4, ?", "0", "64")), "shape '?'"),
        new Case(
            ir(constant("w.weight", "f32", "9223372036854775807, 9", "0", "64")),
            "impossible shape"),
        new Case(ir(constant("w.weight", "u8", "8, 8", "0", "64")), "no scales"),
        new Case(
            ir(
                constant("w.weight", "u8", "4, 8", "0", "32")
                    + constant("w.weight/scale", "f16", "8, 1", "32", "16")),
            "do not fit"),
        new Case(
            ir(
                constant("w.weight", "u8", "4, 8", "0", "32")
                    + constant("w.weight/scale", "u8", "4, 1", "32", "4")),
            "scales of the type"),
        new Case(
            ir(
                constant("w.weight", "u8", "4, 8", "0", "32")
                    + constant("w.weight/scale", "f16", "4, 1", "32", "8")
                    + constant("w.weight/zero_point", "u4", "4, 1", "40", "2")),
            "do not fit"),
        new Case(
            ir(
                constant("w.weight", "u8", "1, 1, 1, 8", "0", "8")
                    + constant("w.weight/scale", "f16", "1, 1, 1", "32", "2")),
            "do not fit"),
        new Case(ir(constant("w.weight", "f8e8m0", "8, 8", "0", "64")), "without scales"));
  }

  @ParameterizedTest
  @MethodSource("files")
  void isRefused(Case file) throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"architectures\":[\"Phi3ForCausalLM\"]}");
    Files.writeString(folder.resolve("openvino_model.xml"), file.xml());
    Files.write(folder.resolve("openvino_model.bin"), new byte[64]);
    assertThatThrownBy(() -> Checkpoints.open(folder).close())
        .isInstanceOf(UserError.class)
        .hasMessageContaining("openvino_model.xml")
        .hasMessageContaining(file.says());
  }

  private static int next;

  private static String constant(
      String name, String type, String shape, String offset, String size) {
    return ("<layer id=\"%d\" name=\"%s\" type=\"Const\" version=\"opset1\">"
            + "<data element_type=\"%s\" shape=\"%s\" offset=\"%s\" size=\"%s\"/></layer>")
        .formatted(next++, name, type, shape, offset, size);
  }

  private static String same() {
    return "<layer id=\"" + (next - 1) + "\" name=\"b\" type=\"Result\" version=\"opset1\"/>";
  }

  private static String ir(String layers) {
    return "<net name=\"m\" version=\"11\"><layers>" + layers + "</layers></net>";
  }
}
