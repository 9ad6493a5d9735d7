// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.definition;

import com.google.protobuf.InvalidProtocolBufferException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import modal.client.FunctionData;
import modal.client.FunctionOptions;
import serai.config.AutoscaleConfig;
import serai.config.ImageConfig;
import serai.config.RunnerConfig;
import serai.device.DeviceNames;
import serai.function.Definition;
import serai.function.OptionReader;
import serai.protocol.Messages;
import serai.workspace.Tenant;

/** Makes a variant's definition as the client would have sent it, so that it is read and refused like any other. */
@ApplicationScoped
class WireOptionReader implements OptionReader {
    private final DefinitionReader reader;
    private final Definer definer;

    @Inject
    WireOptionReader(
            AutoscaleConfig defaults,
            DeviceNames devices,
            RunnerConfig runner,
            ImageConfig imageSettings,
            Definer definer) {
        this.reader = new DefinitionReader(defaults, devices, runner, imageSettings);
        this.definer = definer;
    }

    WireOptionReader() {
        this(null, null, null, null, null); // for the server's proxy
    }

    @Override
    public void mustExist(Tenant tenant, Definition.Duties duties) {
        definer.mustExist(tenant, duties);
    }

    @Override
    public Derived apply(Definition base, byte[] options) {
        try {
            var asked = FunctionOptions.parseFrom(options);
            var plain = Messages.parseFunction(base.wire().content());
            var function = Options.apply(asked, plain);
            var data = Options.apply(asked, FunctionData.parseFrom(base.wire().data()));
            var duties = reader.readVariant(plain, function, data, base.duties().clientVersion());
            return new Derived(
                    new Definition.Wire(
                            function.toByteArray(),
                            data.toByteArray(),
                            base.wire().handle()),
                    duties);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("what was stored of a function cannot be read", e);
        }
    }
}
