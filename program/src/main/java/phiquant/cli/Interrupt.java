package phiquant.cli;

import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ctrl-C that stops a reply and not the program. The JDK has no supported class for signals, so
 * {@code sun.misc.Signal}, which every JDK carries, is looked up when it runs; without it Ctrl-C
 * ends the program as usual.
 */
final class Interrupt {
  private Interrupt() {}

  /** From here until it is closed Ctrl-C is only noted. */
  static Watch watch() {
    AtomicBoolean came = new AtomicBoolean();
    Object before = handle(handler(() -> came.set(true)));
    return new Watch(came, before);
  }

  /** What happened since. */
  record Watch(AtomicBoolean flag, Object before) implements AutoCloseable {
    boolean came() {
      return flag.get();
    }

    @Override
    public void close() {
      if (before != null) {
        handle(before);
      }
    }
  }

  /** From here on Ctrl-C only prints a text: the terminal has thrown away what was typed. */
  static void say(String text) {
    handle(
        handler(
            () -> {
              System.out.print("\n" + text);
              System.out.flush();
            }));
  }

  private static Object handler(Runnable reaction) {
    try {
      Class<?> type = Class.forName("sun.misc.SignalHandler");
      return Proxy.newProxyInstance(
          Interrupt.class.getClassLoader(),
          new Class<?>[] {type},
          (proxy, method, arguments) -> {
            reaction.run();
            return null;
          });
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  /** Sets the handler of SIGINT and returns the one before; null if there are no signals. */
  private static Object handle(Object handler) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      return signal
          .getMethod("handle", signal, Class.forName("sun.misc.SignalHandler"))
          .invoke(null, signal.getConstructor(String.class).newInstance("INT"), handler);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }
}
