/**
 * How the hub is asked, whatever for: {@link phiquant.hub.transport.HubSettings} says where it is
 * and who asks, {@link phiquant.hub.transport.Transport} exchanges a question for an answer, and
 * {@link phiquant.hub.transport.Retries} does so again where that may help.
 */
package phiquant.hub.transport;
