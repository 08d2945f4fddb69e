package tripstats;

import static net.bytebuddy.matcher.ElementMatchers.nameEndsWith;
import static net.bytebuddy.matcher.ElementMatchers.named;

import java.lang.instrument.Instrumentation;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;

/**
 * A Java agent that has gRPC servers listen on the loopback interface instead of on all. Beam's job server, and its
 * servers for workers in a TaskManager, listen on all, and have no option for it.
 */
public final class LoopbackOnly {
  private LoopbackOnly() {}

  public static void premain(String arguments, Instrumentation instrumentation) {
    new AgentBuilder.Default()
        .disableClassFormatChanges()
        .with(AgentBuilder.Listener.StreamWriting.toSystemError().withErrorsOnly())
        .type(nameEndsWith(".grpc.netty.NettyServerBuilder"))
        .transform(
            (builder, type, loader, module, domain) ->
                builder.visit(Advice.to(Address.class).on(named("forAddress"))))
        .installOn(instrumentation);
  }

  /** Runs at the beginning of NettyServerBuilder.forAddress, through which forPort goes too. */
  public static final class Address {
    private Address() {}

    @Advice.OnMethodEnter
    public static void enter(@Advice.Argument(value = 0, readOnly = false) SocketAddress address) {
      if (address instanceof InetSocketAddress
          && ((InetSocketAddress) address).getAddress().isAnyLocalAddress()) {
        address =
            new InetSocketAddress(
                InetAddress.getLoopbackAddress(), ((InetSocketAddress) address).getPort());
      }
    }
  }
}
