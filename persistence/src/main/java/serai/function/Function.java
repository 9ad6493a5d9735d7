// Copyright the Serai authors
// SPDX-License-Identifier: Apache-2.0
package serai.function;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.util.Optional;
import serai.app.App;
import serai.app.Layout;
import serai.id.NewId;

/** Code that can be called. It keeps its id over deployments while its {@link Definition} changes. */
@Entity
public class Function {
    @Id
    private String id;

    private String workspaceId;
    private String environmentId;
    private String appId;
    private String name;
    private String definitionId;
    private String baseId;
    private byte[] params;
    private byte[] options;
    private String binding;

    protected Function() {} // JPA

    Function(App app, String name) {
        this.id = NewId.of("fu");
        this.workspaceId = app.workspaceId();
        this.environmentId = app.environmentId();
        this.appId = app.id();
        this.name = name;
    }

    /** A variant. */
    Function(Function base, Binding binding) {
        this.id = NewId.of("fu");
        this.workspaceId = base.workspaceId;
        this.environmentId = base.environmentId;
        this.appId = base.appId;
        this.name = base.name;
        this.baseId = base.id;
        this.params = binding.params();
        this.options = binding.options().orElse(null);
        this.binding = binding.digest();
    }

    public String id() {
        return id;
    }

    public String workspaceId() {
        return workspaceId;
    }

    public String environmentId() {
        return environmentId;
    }

    public String appId() {
        return appId;
    }

    public String name() {
        return name;
    }

    /** @return of the definition by which it runs; null until its app is published */
    public String definitionId() {
        return definitionId;
    }

    /** Present for a variant: the function that it is one of. */
    public Optional<String> baseId() {
        return Optional.ofNullable(baseId);
    }

    /** @return what its class is constructed with, in the client's words; empty for a function of its own */
    public byte[] params() {
        return params == null ? new byte[0] : params;
    }

    /** Present for a variant that asks for something else than its base, in the client's words. */
    public Optional<byte[]> options() {
        return Optional.ofNullable(options);
    }

    /** @return whether it runs where that is its app's: itself, or what it is a variant of, is there */
    public boolean isPartOf(Layout layout) {
        return definitionId != null && layout.functions().containsValue(baseId == null ? id : baseId);
    }

    void run(Definition definition) {
        definitionId = definition.id();
    }

    /** There is no definition by which it could run. */
    void rest() {
        definitionId = null;
    }
}
