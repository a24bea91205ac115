package phiquant.publish;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A program that publishes something and kills itself before a given step. Steps are the calls of
 * the JDK's file operations in this package's classes, which are changed while they are loaded, so
 * that the product has no hook for it. It ends with 0 when it needed fewer steps.
 */
public final class Steps {
  private static int left;

  private Steps() {}

  /** Called before each file operation. */
  public static void step() {
    if (left-- == 0) {
      Runtime.getRuntime().halt(137);
    }
  }

  /** Arguments: the step, the destination, whether it may be overwritten, file or folder. */
  public static void main(String[] args) throws Exception {
    left = Integer.parseInt(args[0]);
    Class<?> publisher = new Loader().loadClass(Publisher.class.getName());
    Method publish =
        publisher.getMethod("publish", Path.class, boolean.class, boolean.class, boolean.class);
    publish.invoke(
        null, Path.of(args[1]), args[2].equals("folder"), args[3].equals("exchange"), true);
  }

  /** What a run does: with an exchange, or as where there is none. */
  public static final class Publisher {
    private Publisher() {}

    public static void publish(Path place, boolean folder, boolean exchange, boolean overwrite)
        throws IOException {
      try (Publication publication =
          Publication.begin(place, overwrite, (a, b) -> exchange && AtomicSwap.swap(a, b))) {
        if (folder) {
          Files.createDirectory(publication.path());
          Files.writeString(publication.path().resolve("a"), "new");
          Files.writeString(publication.path().resolve("b"), "new");
        } else {
          Files.writeString(publication.path(), "new");
        }
        publication.publish();
      }
    }
  }

  private static final class Loader extends ClassLoader {
    Loader() {
      super(Steps.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("phiquant.publish.") || name.equals(Steps.class.getName())) {
        return super.loadClass(name, resolve);
      }
      Class<?> loaded = findLoadedClass(name);
      return loaded != null ? loaded : changed(name);
    }

    private Class<?> changed(String name) throws ClassNotFoundException {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        ClassFile file = ClassFile.of();
        byte[] bytes =
            file.transformClass(
                file.parse(in.readAllBytes()),
                ClassTransform.transformingMethodBodies(
                    (code, element) -> {
                      if (element instanceof InvokeInstruction call && isStep(call)) {
                        code.invokestatic(
                            ClassDesc.of(Steps.class.getName()),
                            "step",
                            MethodTypeDesc.of(ConstantDescs.CD_void));
                      }
                      code.with(element);
                    }));
        return defineClass(name, bytes, 0, bytes.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }

    private static boolean isStep(InvokeInstruction call) {
      String owner = call.owner().asInternalName();
      return owner.equals("java/nio/file/Files")
          || owner.startsWith("java/nio/channels/")
          || owner.equals("phiquant/publish/Exchange");
    }
  }
}
