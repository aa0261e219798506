package org.s2d;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.junit.jupiter.api.Test;

/** A package imports only what stands before it; the order is the design's. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.s2d");

    @Test
    void packagesDependOnlyOnThoseBeforeThem() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .layer("tensor")
                .definedBy("org.s2d.tensor..")
                .layer("device")
                .definedBy("org.s2d.device..")
                .layer("autograd")
                .definedBy("org.s2d.autograd..")
                .layer("nn")
                .definedBy("org.s2d.nn..")
                .layer("model")
                .definedBy("org.s2d.model..")
                .layer("loss")
                .definedBy("org.s2d.loss..")
                .layer("optim")
                .definedBy("org.s2d.optim..")
                .layer("weights")
                .definedBy("org.s2d.weights..")
                .layer("data")
                .definedBy("org.s2d.data..")
                .layer("report")
                .definedBy("org.s2d.report..")
                .layer("train")
                .definedBy("org.s2d.train..")
                .layer("export")
                .definedBy("org.s2d.export..")
                .layer("predict")
                .definedBy("org.s2d.predict..")
                .layer("verify")
                .definedBy("org.s2d.verify..")
                .layer("check")
                .definedBy("org.s2d.check..")
                .layer("cli")
                .definedBy("org.s2d.cli..")
                .whereLayer("tensor")
                .mayNotAccessAnyLayer()
                .whereLayer("device")
                .mayOnlyAccessLayers("tensor")
                .whereLayer("autograd")
                .mayOnlyAccessLayers("tensor", "device")
                .whereLayer("nn")
                .mayOnlyAccessLayers("tensor", "device", "autograd")
                .whereLayer("model")
                .mayOnlyAccessLayers("tensor", "device", "autograd", "nn")
                .whereLayer("loss")
                .mayOnlyAccessLayers("tensor", "device", "autograd", "nn")
                .whereLayer("optim")
                .mayOnlyAccessLayers("tensor", "device", "autograd", "nn")
                .whereLayer("weights")
                .mayOnlyAccessLayers("tensor")
                .whereLayer("data")
                .mayOnlyAccessLayers("tensor")
                .whereLayer("report")
                .mayOnlyAccessLayers("tensor", "data")
                .whereLayer("train")
                .mayOnlyAccessLayers(
                        "tensor", "device", "autograd", "nn", "model", "loss", "optim", "weights", "data", "report")
                .whereLayer("export")
                .mayOnlyAccessLayers("tensor", "device", "model", "weights", "train")
                .whereLayer("predict")
                .mayOnlyAccessLayers("tensor", "data", "report", "train")
                .whereLayer("verify")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("check")
                .mayOnlyBeAccessedByLayers("cli")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .check(CLASSES);
    }

    @Test
    void partsOfTrainingDependOnlyOnThoseBeforeThem() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("config")
                .definedBy("org.s2d.train.config")
                .layer("step")
                .definedBy("org.s2d.train.step")
                .layer("checkpoint")
                .definedBy("org.s2d.train.checkpoint")
                .layer("results")
                .definedBy("org.s2d.train.results")
                .layer("loop")
                .definedBy("org.s2d.train")
                .whereLayer("config")
                .mayNotAccessAnyLayer()
                .whereLayer("step")
                .mayOnlyAccessLayers("config")
                .whereLayer("checkpoint")
                .mayOnlyAccessLayers("config", "step")
                .whereLayer("results")
                .mayOnlyAccessLayers("config", "step", "checkpoint")
                .whereLayer("loop")
                .mayNotBeAccessedByAnyLayer()
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        SlicesRuleDefinition.slices()
                .matching("org.s2d.(**)")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }
}
