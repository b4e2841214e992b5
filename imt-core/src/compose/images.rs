//! Which services run an image that we build, which share one, and which are left alone.
//!
//! A built image is known by what the project calls it: two services with the same `image` share one, whoever builds it. Knows
//! nothing of overrides.

use std::collections::BTreeMap;

use super::model::{Model, Service};
use super::naming::Naming;
use super::problem::Problem;
use crate::image::ImageReference;

/// Where a service's image comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageClass {
    /// It is built here.
    Built,
    /// It is not built for this service, but it is an image that another one builds.
    Shared,
    /// It lies below our registry prefix, and nobody here builds it.
    OwnRegistry,
    /// Somebody else's: never renamed.
    ThirdParty,
    /// There is none: something else than a container stands behind the service.
    None,
}

/// One image that we build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    /// What it is called in this release: with the release's tag, without digest.
    pub reference: ImageReference,
    /// The service whose `build` makes it.
    pub builder: String,
    /// Every service that runs it, the builder included, in order.
    pub services: Vec<String>,
}

/// The images of a project.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BuiltImages {
    /// Those that are built, in the order of their first services.
    pub built: Vec<BuiltImage>,
    /// Places in `built` by what the project calls the image, in its canonical form.
    by_name: BTreeMap<String, usize>,
    by_service: BTreeMap<String, usize>,
    classes: BTreeMap<String, ImageClass>,
}

/// What came of sorting the images: usable where no problem is an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Images {
    /// The images.
    pub images: BuiltImages,
    /// What is wrong or odd about them.
    pub problems: Vec<Problem>,
}

impl BuiltImages {
    /// The image that we build and this service runs.
    pub fn of(&self, service: &str) -> Option<&BuiltImage> {
        self.by_service.get(service).map(|place| &self.built[*place])
    }

    /// Where the image of a service comes from.
    pub fn class(&self, service: &str) -> ImageClass {
        self.classes.get(service).copied().unwrap_or(ImageClass::None)
    }

    /// The image that we build and that a text means, whatever stands there: a service, as compose has it for mounted images,
    /// or a name.
    pub(super) fn meant_by(&self, model: &Model, text: &str) -> Option<&BuiltImage> {
        let service = model.services.get(text).filter(|service| service.build.is_some());
        service.and_then(|_| self.of(text)).or_else(|| self.called(text))
    }

    /// The image that we build under this name.
    pub(super) fn called(&self, name: &str) -> Option<&BuiltImage> {
        self.by_name.get(&canonical(name)).map(|place| &self.built[*place])
    }
}

/// Sorts the services of a project by their images, and names those that are built.
pub fn images(model: &Model, naming: &Naming) -> Images {
    let mut sorted = Images::default();
    for (name, service) in &model.services {
        if service.build.is_some() && !service.is_provided {
            sorted.add_built(model, naming, name, service);
        }
    }
    for (name, service) in &model.services {
        let class = sorted.class_of(naming, name, service);
        sorted.images.classes.insert(name.clone(), class);
    }
    for image in &mut sorted.images.built {
        image.services.sort();
    }
    sorted.report_collisions();
    sorted
}

impl Images {
    fn add_built(&mut self, model: &Model, naming: &Naming, name: &str, service: &Service) {
        let default = model.default_image(name);
        let called = canonical(service.image.as_deref().unwrap_or(&default));
        if let Some(place) = self.images.by_name.get(&called).copied() {
            self.share_build(model, place, name, service);
            return;
        }
        let reference = match &service.image {
            Some(image) => naming.rename(image),
            None => naming.name(&default),
        };
        match reference {
            Ok(reference) => {
                let place = self.images.built.len();
                let services = vec![name.to_owned()];
                self.images.built.push(BuiltImage { reference, builder: name.to_owned(), services });
                self.images.by_name.insert(called, place);
                self.images.by_service.insert(name.to_owned(), place);
            }
            Err(error) => self.problems.push(invalid(name, &error)),
        }
    }

    /// A second service with a `build` for an image that has one.
    fn share_build(&mut self, model: &Model, place: usize, name: &str, service: &Service) {
        let image = &mut self.images.built[place];
        image.services.push(name.to_owned());
        self.images.by_service.insert(name.to_owned(), place);
        let first = model.services[&image.builder].build.as_ref();
        if !service.build.as_ref().zip(first).is_some_and(|(build, first)| build.is_same(first)) {
            let message = format!(
                "services `{}` and `{name}` build different images under one name, {}",
                image.builder,
                shown(service)
            );
            let help = "give each an `image` of its own; without one it is named after the service".to_owned();
            self.problems.push(Problem::error("same-image-name", message, help).of(name));
        }
    }

    fn class_of(&mut self, naming: &Naming, name: &str, service: &Service) -> ImageClass {
        if service.build.is_some() {
            return ImageClass::Built;
        }
        let Some(image) = service.image.as_deref().filter(|_| !service.is_provided) else { return ImageClass::None };
        if let Some(place) = self.images.by_name.get(&canonical(image)).copied() {
            self.images.built[place].services.push(name.to_owned());
            self.images.by_service.insert(name.to_owned(), place);
            return ImageClass::Shared;
        }
        match image.parse::<ImageReference>() {
            Err(error) => {
                self.problems.push(invalid(name, &error));
                ImageClass::ThirdParty
            }
            Ok(image) => match &naming.registry {
                Some(registry) if registry.below(&image).is_some() => ImageClass::OwnRegistry,
                _ => ImageClass::ThirdParty,
            },
        }
    }

    /// Different images that would be pushed under one name: the second would overwrite the first.
    fn report_collisions(&mut self) {
        let mut first: BTreeMap<&ImageReference, &BuiltImage> = BTreeMap::new();
        for image in &self.images.built {
            let Some(other) = first.insert(&image.reference, image) else { continue };
            let message = format!(
                "the images of services `{}` and `{}` would both be called {}",
                other.builder,
                image.builder,
                image.reference.familiar()
            );
            let help = "give them `image` names that differ in more than tag, host or capital letters".to_owned();
            self.problems.push(Problem::error("image-name-collision", message, help).of(&image.builder));
        }
    }
}

fn shown(service: &Service) -> String {
    service.image.as_deref().map_or_else(|| "its default one".to_owned(), |image| format!("`{image}`"))
}

fn invalid(service: &str, error: &crate::image::ImageReferenceError) -> Problem {
    let help = format!("write the `image` of service `{service}` as `[registry/]name[:tag]`, in lower case");
    Problem::error("invalid-image", error.to_string(), help).of(service)
}

/// A name in the one form that tells whether an engine would find the same image; what is no reference stays as it is.
fn canonical(image: &str) -> String {
    image.parse::<ImageReference>().map_or_else(|_| image.to_owned(), |parsed| parsed.with_default_tag().to_string())
}
