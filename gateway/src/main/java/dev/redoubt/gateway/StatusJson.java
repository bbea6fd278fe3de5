package dev.redoubt.gateway;

import dev.redoubt.gateway.openai.JsonWriter;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.control.PlatformStatus.DeploymentStatus;
import dev.redoubt.serve.control.PlatformStatus.ReplicaStatus;

/// How applications stand, as JSON.
final class StatusJson {
    private StatusJson() {}

    static String write(Platform platform) {
        JsonWriter json = new JsonWriter().beginObject().name("applications").beginArray();
        platform.status().applications().forEach(one -> write(json, one, platform.settled(one.name())));
        return json.endArray().endObject().toString();
    }

    private static void write(JsonWriter json, ApplicationStatus application, boolean settled) {
        json.beginObject().name("name").value(application.name());
        json.name("state").value(application.state().name()).name("settled").value(settled);
        json.name("version").value(application.version()).name("reason").value(application.reason());
        json.name("since")
                .value(application.since().toString())
                .name("deployments")
                .beginArray();
        application.deployments().forEach(one -> write(json, one));
        json.endArray().endObject();
    }

    private static void write(JsonWriter json, DeploymentStatus deployment) {
        json.beginObject().name("name").value(deployment.name());
        json.name("state").value(deployment.state().name());
        json.name("trigger").value(deployment.trigger().name()).name("reason").value(deployment.reason());
        json.name("since").value(deployment.since().toString());
        json.name("replicas_wanted").value(deployment.replicasWanted());
        json.name("replicas_running").value(deployment.running());
        json.name("ongoing").value(deployment.ongoing()).name("queued").value(deployment.queued());
        json.name("replicas").beginArray();
        deployment.replicas().forEach(one -> write(json, one));
        json.endArray().endObject();
    }

    private static void write(JsonWriter json, ReplicaStatus replica) {
        json.beginObject()
                .name("id")
                .value(replica.id())
                .name("state")
                .value(replica.state().name());
        json.name("version").value(replica.version()).name("ongoing").value(replica.ongoing());
        json.name("misses").value(replica.misses()).name("reason").value(replica.reason());
        json.name("limits").value(replica.limits());
        json.name("since").value(replica.since().toString()).endObject();
    }
}
